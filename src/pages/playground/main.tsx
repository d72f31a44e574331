import '../design/design.css'
import { render } from 'preact'
import { Topbar } from '../design/topbar.tsx'

function Playground() {
  return (
    <Topbar>
      <span class="spacer" />
    </Topbar>
  )
}

const page = document.getElementById('page')
if (page) render(<Playground />, page)
