main :: IO ()
main = readFile "beside.txt" >>= putStr
