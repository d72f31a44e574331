% What is known of the names of predicates.
:- module(runyard_names, [is_own/1, known_name/2, known_text/2, name_at_end/2, name_at_start/2]).
:- use_module(library(listing)).

%!  is_own(+Term) is semidet.
%   Whether clauses of its predicate are those of cells.
is_own(Term) :-
    % The kernel's, in place of the one that is built in.
    \+ functor(Term, catch, 3),
    \+ predicate_property(user:Term, imported_from(_)),
    \+ predicate_property(user:Term, built_in),
    \+ predicate_property(user:Term, system),
    predicate_property(user:Term, number_of_clauses(_)).

%!  name_at_end(+Text, -Name) is det.
name_at_end(Text, Name) :-
    string_chars(Text, Characters),
    reverse(Characters, Reversed),
    leading(Reversed, Found),
    reverse(Found, Ordered),
    string_chars(Name, Ordered).

name_at_start(Text, Name) :-
    string_chars(Text, Characters),
    leading(Characters, Found),
    string_chars(Name, Found).

leading([Character|Rest], [Character|Found]) :- char_type(Character, csym), !, leading(Rest, Found).
leading(_, []).

%!  known_name(+Start, -Name) is nondet.
known_name(Start, Name) :-
    Start \== "",
    ( current_predicate(Name, user:_) ; predicate_property(system:Head, built_in), functor(Head, Name, _) ; '$in_library'(Name, _, _) ),
    sub_atom(Name, 0, _, _, Start),
    \+ sub_atom(Name, 0, _, _, '$').

%!  known_text(+Name, -Text) is semidet.
known_text(Name, Text) :-
    current_predicate(Name, user:Head),
    is_own(Head), !,
    with_output_to(string(Text), listing(user:Name)).
known_text(Name, Text) :-
    setof(Name/Arity, Head^( predicate_property(system:Head, built_in), functor(Head, Name, Arity) ), Found), !,
    format(string(Text), "built in: ~w", [Found]).
known_text(Name, Text) :-
    setof(Name/Arity-Library, '$in_library'(Name, Arity, Library), Found),
    format(string(Text), "of a library: ~w", [Found]).
