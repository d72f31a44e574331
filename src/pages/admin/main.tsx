import '../design/design.css'
import '../playground/output/output.css'
import '../playground/tests/tests.css'
import './admin.css'
import { render } from 'preact'
import { App } from './app.tsx'

const page = document.getElementById('page')
if (page) render(<App />, page)
