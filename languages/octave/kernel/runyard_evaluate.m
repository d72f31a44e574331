## runyard_evaluate (SOURCE, FOLDER, PROMPT): evaluates the code in the file SOURCE where the prompt is, draws the figures that there are then, and says
## in the file outcome.json of FOLDER what became of it. Whatever the code or an interrupt did, PROMPT is the prompt then.
function runyard_evaluate (source, folder, prompt)
  said = struct ("failed", false, "identifier", "", "message", "", "stack", {{}}, "figures", {{}});
  unwind_protect
    try
      evalin ("base", fileread (source));
    catch failure
      said = with_failure (said, failure);
    end_try_catch
    try
      said.figures = draw_figures (folder);
    catch failure
      close ("all");
      said = with_failure (said, failure);
    end_try_catch
    fflush (stdout);
    fflush (stderr);
    file = fopen (fullfile (folder, "outcome.json"), "w");
    fputs (file, jsonencode (said));
    fclose (file);
  unwind_protect_cleanup
    PS1 (prompt);
  end_unwind_protect
endfunction

function said = with_failure (said, failure)
  if (said.failed)
    return;
  endif
  said.failed = true;
  said.identifier = failure.identifier;
  said.message = failure.message;
  for frame = failure.stack'
    if (strcmp (frame.name, "runyard_evaluate"))
      break;
    endif
    said.stack{end+1} = sprintf ("    %s at line %d column %d", frame.name, frame.line, frame.column);
  endfor
endfunction

## By a terminal of gnuplot: print would need Ghostscript.
function files = draw_figures (folder)
  files = {};
  for handle = sort (get (0, "children"))'
    files{end+1} = fullfile (folder, sprintf ("figure-%d.png", numel (files) + 1));
    set (0, "currentfigure", handle);
    drawnow ("pngcairo", files{end});
  endfor
  if (! isempty (files))
    close ("all");
  endif
endfunction
