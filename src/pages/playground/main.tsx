import '../design/design.css'
import './output/output.css'
import './tests/tests.css'
import './playground.css'
import { render } from 'preact'
import { Playground } from './playground.tsx'

const page = document.getElementById('page')
if (page) render(<Playground />, page)
