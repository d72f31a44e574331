main :: IO ()
main = interact (unlines . map (\line -> "[" ++ line ++ "]") . lines)
