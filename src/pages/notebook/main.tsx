import '../design/design.css'
import '../playground/output/output.css'
import './notebook.css'
import { render } from 'preact'
import { Notebook } from './notebook.tsx'

const page = document.getElementById('page')
if (page) render(<Notebook />, page)
