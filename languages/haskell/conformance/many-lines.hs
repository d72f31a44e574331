main :: IO ()
main = mapM_ print [1 .. 100000 :: Int]
