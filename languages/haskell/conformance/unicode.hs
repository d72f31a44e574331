main :: IO ()
main = getLine >>= putStrLn >> putStrLn "Äpfel, 日本 🚀"
