import System.IO

main :: IO ()
main = putStrLn "out" >> hPutStrLn stderr "err"
