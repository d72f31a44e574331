const code = `self.onmessage = ({ data: [first, last] }) => {
  let total = 0
  for (let n = first; n <= last; n++) total += n
  postMessage(total)
}`
const address = URL.createObjectURL(new Blob([code], { type: 'application/javascript' }))

function sum(first: number, last: number): Promise<number> {
  const worker = new Worker(address)
  worker.postMessage([first, last])
  return new Promise((resolve) => {
    worker.onmessage = ({ data }) => {
      worker.terminate()
      resolve(data)
    }
  })
}

const [lower, upper] = await Promise.all([sum(1, 50), sum(51, 100)])
console.log(lower + upper)
