import Control.Concurrent

add :: [Int] -> IO (MVar Int)
add numbers = do
  part <- newEmptyMVar
  _ <- forkIO (putMVar part $! sum numbers)
  return part

main :: IO ()
main = do
  lower <- add [1 .. 50]
  upper <- add [51 .. 100]
  (+) <$> takeMVar lower <*> takeMVar upper >>= print
