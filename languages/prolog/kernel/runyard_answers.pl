% Answers of queries and messages of errors as text.
:- module(runyard_answers, [answer_text/4, message_text/2, error_name/2, kept_text/2]).
:- use_module(library(http/json)).

% In characters: with less there is no message that the bridge does not take.
always_kept(1048576).
% In bytes of JSON: beyond 8 MiB, where the bridge keeps a beginning and tells of it, and below the 16 MiB of the longest line.
most_bytes(10485760).
piece_characters(65536).

%!  answer_text(+Bindings, +More, +Module, -Text) is det.
%   An answer as the toplevel of Prolog prints it, with a semicolon when there may be more.
answer_text(Bindings, More, Module, Text) :-
    exclude(is_hidden, Bindings, Shown),
    copy_term(Shown, Copied, Residual),
    name_free(Copied),
    findall(Line, binding_line(Copied, Module, Line), Equations),
    findall(Line, ( member(Goal, Residual), goal_line(Goal, Module, Line) ), Goals),
    append(Equations, Goals, Lines),
    ( Lines == [] -> Start = "true" ; atomics_to_string_lines(Lines, Start) ),
    ( More == true -> string_concat(Start, " ;", Text) ; Text = Start ).

is_hidden(Name = _) :- sub_atom(Name, 0, 1, _, '_').

% Variables that an answer leaves free have the names that the query gave them.
name_free(Bindings) :-
    reverse(Bindings, LastFirst),
    bind_names(LastFirst),
    term_variables(Bindings, Others),
    number_others(Others, 0).

bind_names([]).
bind_names([Name = Value|Rest]) :-
    ( var(Value) -> Value = '$VAR'(Name) ; true ),
    bind_names(Rest).

number_others([], _).
number_others(['$VAR'(Name)|Rest], Number) :-
    format(atom(Name), "_~w", [Number]),
    Next is Number + 1,
    number_others(Rest, Next).

binding_line(Bindings, Module, Line) :-
    member(Name = Value, Bindings),
    Value \== '$VAR'(Name),
    format(string(Line), "~w = ~@", [Name, runyard_answers:write_value(Value, 699, Module)]).

goal_line(_:Goal, Module, Line) :- !,
    goal_line(Goal, Module, Line).
goal_line(Goal, Module, Line) :-
    format(string(Line), "~@", [runyard_answers:write_value(Goal, 999, Module)]).

write_value(Value, Priority, Module) :-
    ( acyclic_term(Value) -> Depth = 0 ; Depth = 10 ),
    write_term(Value, [quoted(true), numbervars(true), portray(true), max_depth(Depth), priority(Priority), spacing(next_argument), module(Module)]).

atomics_to_string_lines(Lines, Text) :-
    atomic_list_concat(Lines, ',\n', Atom),
    atom_string(Atom, Text).

%!  message_text(+Thrown, -Text) is det.
message_text(Thrown, Text) :-
    nonvar(Thrown),
    Thrown = error(_, _),
    without_caller(Thrown, Shown),
    printed(Shown, Text), !.
message_text(Thrown, Text) :-
    copy_term(Thrown, Copied, _),
    term_variables(Copied, Variables),
    number_others(Variables, 0),
    with_output_to(string(Text), write_value(Copied, 999, user)).

% It would be one of the kernel's.
without_caller(error(existence_error(procedure, Name), _), error(existence_error(procedure, Name), _)) :- !.
without_caller(Thrown, Thrown).

printed(Thrown, Text) :-
    '$messages':translate_message(Thrown, Lines, []),
    with_output_to(string(Printed), print_message_lines(current_output, '', Lines)),
    split_string(Printed, "", " \n", [Text]).

%!  error_name(+Thrown, -Name) is det.
%   The kind of an error, e.g. `type_error`; of any other term `exception`.
error_name(Thrown, Name) :-
    nonvar(Thrown),
    Thrown = error(Formal, _),
    callable(Formal), !,
    functor(Formal, Kind, _),
    atom_string(Kind, Name).
error_name(_, "exception").

%!  kept_text(+Text, -Kept) is det.
%   Text, or so much of its beginning that it can be sent.
kept_text(Text, Kept) :-
    string_length(Text, Length),
    always_kept(Always),
    (   Length =< Always
    ->  Kept = Text
    ;   setup_call_cleanup(open_null_stream(Null), kept_length(Null, Text, Length, 0, Most), close(Null)),
        sub_string(Text, 0, Most, _, Kept)
    ).

kept_length(Null, Text, Length, From, Most) :-
    piece_characters(Piece),
    most_bytes(Bytes),
    set_stream(Null, encoding(utf8)),
    Taken is min(Piece, Length - From),
    sub_string(Text, From, Taken, _, Part),
    json_write(Null, Part),
    To is From + Taken,
    byte_count(Null, Written),
    ( ( To >= Length ; Written > Bytes ) -> Most = To ; kept_length(Null, Text, Length, To, Most) ).
