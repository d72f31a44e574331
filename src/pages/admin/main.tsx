import '../design/design.css'
import { render } from 'preact'
import { Topbar } from '../design/topbar.tsx'

function Admin() {
  return (
    <Topbar>
      <span class="spacer" />
    </Topbar>
  )
}

const page = document.getElementById('page')
if (page) render(<Admin />, page)
