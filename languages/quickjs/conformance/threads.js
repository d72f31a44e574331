function sum(first, last) {
  const worker = new os.Worker('./worker.js')
  worker.postMessage([first, last])
  return new Promise((resolve) => {
    worker.onmessage = ({ data }) => {
      worker.onmessage = null
      resolve(data)
    }
  })
}

Promise.all([sum(1, 50), sum(51, 100)]).then(([lower, upper]) => console.log(lower + upper))
