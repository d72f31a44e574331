import System.Environment

main :: IO ()
main = getArgs >>= mapM_ (\word -> putStrLn ("[" ++ word ++ "]"))
