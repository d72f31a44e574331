main :: IO ()
main = nosuch
