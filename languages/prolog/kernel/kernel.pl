% A kernel for SWI-Prolog. It speaks the line protocol of docs/sessions.md: requests and messages on two descriptors, one JSON object a line; the
% bridge has its standard output.
%
% A cell is loaded as a file would be, so clauses, directives and errors are what they are there; an expansion of terms makes queries of those that are
% meant as such. An interrupt is a signal, which throws an exception in what runs.
:- module(runyard_kernel, []).
:- use_module(library(base64)).
:- use_module(library(http/json)).
:- use_module(library(prolog_stream)).
:- use_module(library(readutil)).
:- use_module(library(unix)).
:- use_module(runyard_answers, [answer_text/4, message_text/2, error_name/2, kept_text/2]).
:- use_module(runyard_requests, [request_of/2]).
% Not what cells define in its place.
:- import(system:catch/3).
:- use_module(runyard_names, [is_own/1, known_name/2, known_text/2, name_at_end/2, name_at_start/2]).

:- dynamic user:term_expansion/2, user:message_hook/3.
:- multifile user:term_expansion/2, user:message_hook/3.
:- dynamic cell_name/1, defined_in_cell/1, failure/2, answer/1, parent/1, may_ask/1, waiting/1.
% Not global variables, which each thread has of its own.
:- dynamic messages/1, requests/1, input/1.

% --- messages ---

open_descriptor(Variable, Mode, Stream) :-
    getenv(Variable, Number),
    unsetenv(Variable),
    atom_concat('/proc/self/fd/', Number, File),
    % A mark of the encoding is not waited for. Programs that code starts have neither this one nor the one that was inherited.
    open(File, Mode, Stream, [bom(false), encoding(utf8), close_on_abort(false), close_on_exec(true)]),
    atom_number(Number, Inherited),
    setup_call_cleanup(open('/dev/null', read, Nothing), dup(Nothing, Inherited), close(Nothing)).

say(Channel, Type, Content) :-
    ( parent(Parent) -> true ; Parent = null ),
    messages(Stream),
    with_output_to(string(Line),
        json_write_dict(current_output, _{channel: Channel, type: Type, parent: Parent, content: Content, metadata: _{}}, [width(0)])),
    % Whole, whatever interrupts come meanwhile.
    sig_atomic((write(Stream, Line), nl(Stream), flush_output(Stream))).

receive(Request) :-
    retract(waiting(Request)), !.
receive(Request) :-
    receive_new(Request).

receive_new(Request) :-
    requests(Stream),
    ( read_request(Stream, Found) -> Request = Found ; receive_new(Request) ).

% Fails for a line that is no request.
read_request(Stream, Request) :-
    read_line_to_string(Stream, Line),
    ( Line == end_of_file -> halt(0) ; true ),
    request_of(Line, Request).

flush :-
    unless_error(flush_output(user_output), true),
    unless_error(flush_output(user_error), true).

% --- input ---

% What reads standard input asks whoever runs the code.
user:stream_read(_, Text) :-
    runyard_kernel:ask(Text).
user:stream_close(_).

ask(_) :-
    \+ may_ask(true), !,
    % The stream makes another error of what is thrown here.
    assertz(failure("permission_error", "read: the request does not allow input")),
    fail.
ask(Text) :-
    flush,
    say(stdin, input_request, _{prompt: "", password: false}),
    await_answer(Text).

await_answer(Text) :-
    requests(Stream),
    wait_for_input([Stream], _, infinite),
    % Taken as a whole, whatever interrupts come meanwhile: what is no answer is still to be done.
    sig_atomic(take_answer(Stream, Answer)),
    ( Answer = answer(Text) -> true ; await_answer(Text) ).

take_answer(Stream, Answer) :-
    (   read_request(Stream, Request)
    ->  take_answer_of(Request, Answer)
    ;   Answer = none
    ).

take_answer_of(Request, Answer) :-
    (   Request.type == "input_reply"
    ->  string_concat(Request.content.value, "\n", Text),
        Answer = answer(Text)
    ;   assertz(waiting(Request)),
        Answer = none
    ).

% A new one for each cell: what is left of an answer is not for the next. Code that reads from elsewhere goes on to do so.
use_input :-
    stream_property(Before, alias(user_input)),
    current_input(Current),
    open_prolog_stream(user, read, Stream, []),
    set_stream(Stream, alias(user_input)),
    ( Current == Before -> set_input(Stream) ; true ),
    ( retract(input(Before)) -> catch(close(Before, [force(true)]), _, true) ; true ),
    assertz(input(Stream)).

% --- interrupts ---

interrupt(_) :-
    nb_current(in_cell, true),
    get_time(Now),
    nb_getval(thrown, Before),
    abs(Now - Before) > 0.25, !,
    nb_setval(thrown, Now),
    throw(runyard_interrupted).
% It is not for a cell, or one is on its way, which the next must not catch up with. One that a library caught may be followed by another.
interrupt(_).

% unless_error(:Goal, :Recovery): what an error of the goal does not matter for. An interrupt does.
:- meta_predicate unless_error(0, 0).
unless_error(Goal, Recovery) :-
    catch(Goal, Thrown, ( is_interrupt(Thrown) -> throw(Thrown) ; call(Recovery) )).

% What catches everything does not catch an interrupt.
:- redefine_system_predicate(user:catch(_, _, _)).
:- meta_predicate user:catch(0, ?, 0).
user:catch(Goal, Ball, Recovery) :-
    system:catch(Goal, Ball, ( Ball == runyard_interrupted -> throw(Ball) ; Recovery )).

% --- cells ---

execute(Content) :-
    retractall(failure(_, _)),
    retractall(answer(_)),
    retractall(defined_in_cell(_)),
    retractall(may_ask(_)),
    assertz(may_ask(Content.allow_stdin)),
    nb_setval(silent, Content.silent),
    use_input,
    begin_cell(Content),
    run_cell(Content.code),
    flush,
    nb_getval(count, Count),
    (   failure(Name, Value)
    ->  string_concat(Name, ": ", Start),
        string_concat(Start, Value, Text),
        split_string(Text, "\n", "", Traceback),
        Error = _{ename: Name, evalue: Value, traceback: Traceback},
        say_answers(display_data),
        say(iopub, error, Error),
        say(shell, execute_reply, Error.put(_{status: error, execution_count: Count}))
    ;   say_answers(execute_result),
        say(shell, execute_reply, _{status: ok, execution_count: Count, user_expressions: _{}, payload: []})
    ).

begin_cell(Content) :-
    nb_getval(count, Before),
    (   Content.silent == true
    ->  true
    ;   Count is Before + 1,
        nb_setval(count, Count),
        say(iopub, execute_input, _{code: Content.code, execution_count: Count})
    ).

run_cell(Code) :-
    next_name(Cell),
    retractall(cell_name(_)),
    assertz(cell_name(Cell)),
    closed_code(Code, Closed),
    terms_in(Closed, Terms),
    nb_setval(terms, Terms),
    setup_call_cleanup(
        open_string(Closed, Stream),
        % Another interrupt may end what notes the first.
        catch(catch(load_cell(Cell, Stream), Thrown, fail_with(Thrown)), Late, fail_with(Late)),
        close(Stream)),
    nb_setval(in_cell, false).

load_cell(Cell, Stream) :-
    nb_setval(thrown, 0),
    nb_setval(in_cell, true),
    load_files(user:Cell, [stream(Stream), silent(true)]),
    nb_setval(in_cell, false).

% Of a name that was loaded before, what is not defined anew would be lost: each has its own, also where nothing is counted.
next_name(Cell) :-
    nb_getval(silent, true), !,
    nb_getval(unnamed, Before),
    Number is Before + 1,
    nb_setval(unnamed, Number),
    atom_concat('silent-cell-', Number, Cell).
next_name(Cell) :-
    nb_getval(count, Count),
    atom_concat('cell-', Count, Cell).

% The full stop of the last term may be left out.
closed_code(Code, Closed) :-
    string_concat(Code, "\n", Lines),
    (   catch(last_is_closed(Lines), error(syntax_error(end_of_file), _), fail)
    ->  Closed = Lines
    ;   string_concat(Lines, ".\n", Closed)
    ).

last_is_closed(Code) :-
    catch(terms_of(Code, _), Error, ( Error = error(syntax_error(end_of_file), _) -> throw(Error) ; true )).

terms_of(Code, Terms) :-
    setup_call_cleanup(open_string(Code, Stream), read_all(Stream, Terms), close(Stream)).

read_all(Stream, Terms) :-
    read_term(Stream, Term, [module(user)]),
    ( Term == end_of_file -> Terms = [] ; Terms = [Term|Rest], read_all(Stream, Rest) ).

terms_in(Code, Count) :-
    (   catch(terms_of(Code, Terms), _, fail)
    ->  length(Terms, Count)
    ;   Count = 2
    ).

fail_with(Thrown) :-
    nb_setval(in_cell, false),
    note_failure(Thrown).

% The first one is told.
note_failure(Thrown) :-
    (   failure(_, _)
    ->  true
    ;   is_interrupt(Thrown)
    ->  assertz(failure("Interrupted", "the execution was interrupted"))
    ;   error_name(Thrown, Name),
        message_text(Thrown, Text),
        % It is told twice, as the value and as the traceback.
        ( sub_string(Text, 0, 1048576, _, Kept) -> true ; Kept = Text ),
        assertz(failure(Name, Kept))
    ).

is_interrupt(Thrown) :- Thrown == runyard_interrupted.
% It went to the command that was waited for.
is_interrupt(error(shell(Outcome, _), _)) :- Outcome == signal(2).

% After an error the rest of a cell is left out.
cell_term(Term, Expanded) :-
    cell_name(Cell),
    prolog_load_context(source, Cell),
    Term \== end_of_file,
    (   failure(_, _)
    ->  Expanded = []
    ;   query_of(Term, Goal)
    ->  prolog_load_context(variable_names, Bindings),
        Expanded = (:- runyard_kernel:query(Goal, Bindings))
    ;   remember_clause(Term),
        fail
    ).

query_of(Term, _) :- var(Term), !, fail.
query_of((?- Goal), Goal) :- !.
query_of((:- _), _) :- !, fail.
query_of((_ :- _), _) :- !, fail.
query_of((_ --> _), _) :- !, fail.
query_of((_ => _), _) :- !, fail.
query_of(Term, Term) :-
    callable(Term),
    functor(Term, Name, Arity),
    \+ defined_in_cell(Name/Arity),
    unless_error(predicate_property(user:Term, visible), fail),
    ( nb_getval(terms, 1) -> true ; \+ is_own(Term) ).

remember_clause(Term) :-
    ( Term = (Head :- _) -> true ; Term = Head ),
    (   callable(Head)
    ->  functor(Head, Name, Arity),
        ( defined_in_cell(Name/Arity) -> true ; assertz(defined_in_cell(Name/Arity)) )
    ;   true
    ).

:- public query/2.
query(Goal, Bindings) :-
    say_answers(display_data),
    (   catch(solve(Goal, Bindings), Thrown, fail_with(Thrown))
    ->  true
    ;   assertz(answer("false"))
    ).

solve(Goal, Bindings) :-
    call_cleanup(user:Goal, Determinate = true),
    ( Determinate == true -> More = false ; More = true ),
    answer_text(Bindings, More, user, Text),
    kept_text(Text, Kept),
    assertz(answer(Kept)).

say_answers(Type) :-
    nb_getval(silent, Silent),
    forall(retract(answer(Text)), ( Silent == true -> true ; flush, say_answer(Type, Text) )).

say_answer(execute_result, Text) :- !,
    nb_getval(count, Count),
    say(iopub, execute_result, _{data: _{'text/plain': Text}, metadata: _{}, execution_count: Count}).
say_answer(display_data, Text) :-
    say(iopub, display_data, _{data: _{'text/plain': Text}, metadata: _{}, transient: _{}}).

% What the loader says is wrong ends the cell; that a cell defines anew what one before it did is no fault.
heard(Term, Kind) :-
    nb_current(in_cell, true),
    heard_in_cell(Term, Kind).

heard_in_cell(redefined_procedure(static, _), _).
heard_in_cell(singletons(Term, _), _) :-
    query_of(Term, _).
heard_in_cell(Term, error) :-
    ( Term = error(_, _) -> Thrown = Term ; Term = init_goal(goal_raised(Thrown), _) ),
    note_failure(Thrown).
heard_in_cell(_, warning) :-
    failure(_, _).

% --- what code finds ---

%!  display_data(+MediaType, +Text) is det.
%   Shows text that is of a media type.
user:display_data(Type, Text) :-
    runyard_kernel:show(Type, Text).

%!  display_file(+MediaType, +File) is det.
%   Shows a file, such as an image.
user:display_file(Media, File) :-
    atom_string(Type, Media),
    read_file_to_codes(File, Bytes, [type(binary)]),
    (   ( sub_atom(Type, 0, _, _, 'text/') ; memberchk(Type, ['image/svg+xml', 'application/json']) )
    ->  read_file_to_string(File, Data, [encoding(utf8)])
    ;   base64_encoded(Bytes, Data, [as(string), encoding(octet)])
    ),
    runyard_kernel:show(Type, Data).

show(Media, Text) :-
    flush,
    text_to_string(Text, String),
    atom_string(Type, Media),
    (   Type == 'application/json'
    ->  atom_json_dict(String, Data, [])
    ;   Type == 'text/plain'
    ->  kept_text(String, Data)
    ;   Data = String
    ),
    dict_create(Bundle, _, [Type-Data]),
    say(iopub, display_data, _{data: Bundle, metadata: _{}, transient: _{}}).

% --- what is asked ---

handle("execute_request", Content) :- execute(Content).
handle("kernel_info_request", _) :- info(Info), say(shell, kernel_info_reply, Info).
handle("history_request", _) :- say(shell, history_reply, _{status: ok, history: []}).
handle("comm_info_request", _) :- say(shell, comm_info_reply, _{status: ok, comms: _{}}).
handle("complete_request", Content) :-
    Cursor = Content.cursor_pos,
    sub_string(Content.code, 0, Cursor, _, Before),
    name_at_end(Before, Start),
    findall(Name, known_name(Start, Name), Names),
    sort(Names, Matches),
    string_length(Start, Length),
    From is Cursor - Length,
    say(shell, complete_reply, _{status: ok, matches: Matches, cursor_start: From, cursor_end: Cursor, metadata: _{}}).
handle("inspect_request", Content) :-
    sub_string(Content.code, 0, Content.cursor_pos, _, Before),
    sub_string(Content.code, Content.cursor_pos, _, 0, After),
    name_at_end(Before, Start),
    name_at_start(After, End),
    string_concat(Start, End, Name),
    (   Name \== "", atom_string(Atom, Name), known_text(Atom, Text)
    ->  kept_text(Text, Kept),
        Reply = _{status: ok, found: true, data: _{'text/plain': Kept}, metadata: _{}}
    ;   Reply = _{status: ok, found: false, data: _{}, metadata: _{}}
    ),
    say(shell, inspect_reply, Reply).
handle("is_complete_request", Content) :-
    string_concat(Content.code, "\n", Code),
    (   catch(( terms_of(Code, _), Status = complete ), error(syntax_error(Fault), _), ( Fault == end_of_file -> Status = incomplete ; Status = invalid ))
    ->  true
    ;   Status = unknown
    ),
    ( Status == incomplete -> Reply = _{status: incomplete, indent: "    "} ; Reply = _{status: Status} ),
    say(shell, is_complete_reply, Reply).

info(_{ status: ok, protocol_version: "5.3", implementation: "runyard-prolog", implementation_version: "1", language_info: Language, banner: Banner }) :-
    current_prolog_flag(version_data, swi(Major, Minor, Patch, _)),
    format(string(Version), "~d.~d.~d", [Major, Minor, Patch]),
    string_concat("SWI-Prolog ", Version, Banner),
    Language = _{name: prolog, version: Version, mimetype: "text/x-prolog", file_extension: ".pl"}.

% --- requests ---

answer_request(Request) :-
    retractall(parent(_)),
    assertz(parent(Request.id)),
    (   clause(handle(Request.type, _), _)
    ->  say(iopub, status, _{execution_state: busy}),
        catch(( handle(Request.type, Request.content) -> true ; throw(error(runyard_kernel(failed), _)) ), Thrown, answer_fault(Request.type, Thrown)),
        say(iopub, status, _{execution_state: idle})
    ;   true
    ).

answer_fault(Type, Thrown) :-
    error_name(Thrown, Name),
    message_text(Thrown, Text),
    string_concat(Kind, "_request", Type),
    string_concat(Kind, "_reply", Reply),
    say(shell, Reply, _{status: error, ename: Name, evalue: Text, traceback: [Text]}).

serve :-
    repeat,
    receive(Request),
    answer_request(Request),
    fail.

start :-
    nb_setval(in_cell, false),
    nb_setval(silent, false),
    nb_setval(count, 0),
    nb_setval(thrown, 0),
    nb_setval(unnamed, 0),
    open_descriptor('RUNYARD_REQUESTS_FD', read, Requests),
    open_descriptor('RUNYARD_MESSAGES_FD', append, Messages),
    assertz(requests(Requests)),
    assertz(messages(Messages)),
    set_stream(user_output, buffer(line)),
    set_prolog_flag(toplevel_prompt, ''),
    prompt(_, ''),
    on_signal(int, _, runyard_kernel:interrupt),
    assertz((user:term_expansion(Term, Expanded) :- runyard_kernel:cell_term(Term, Expanded))),
    assertz((user:message_hook(Message, Kind, _) :- runyard_kernel:heard(Message, Kind))),
    info(Info),
    say(shell, ready, Info),
    serve.

:- initialization(start, main).
