% Requests as they come in lines.
:- module(runyard_requests, [request_of/2]).
:- use_module(library(http/json)).
% Not what cells define in its place.
:- import(system:catch/3).

%!  request_of(+Line, -Request) is semidet.
%   What a line of JSON says. Halves of characters, which JSON can have and Prolog cannot, become U+FFFD. Fails for what is no JSON.
request_of(Line, Request) :-
    catch(atom_json_dict(Line, Request, []), _, fail), !.
request_of(Line, Request) :-
    string_codes(Line, Codes),
    whole(Codes, Whole),
    string_codes(Mended, Whole),
    catch(atom_json_dict(Mended, Request, []), _, fail).

whole([0'\\, 0'u, A, B, C, D, 0'\\, 0'u, E, F, G, H|Rest], [0'\\, 0'u, A, B, C, D, 0'\\, 0'u, E, F, G, H|Whole]) :-
    unit([A, B, C, D], 0xD800, 0xDBFF),
    unit([E, F, G, H], 0xDC00, 0xDFFF), !,
    whole(Rest, Whole).
whole([0'\\, 0'u, A, B, C, D|Rest], [0'\\, 0'u, 0'f, 0'f, 0'f, 0'd|Whole]) :-
    unit([A, B, C, D], 0xD800, 0xDFFF), !,
    whole(Rest, Whole).
% What is escaped begins no other escape.
whole([0'\\, Code|Rest], [0'\\, Code|Whole]) :- !,
    whole(Rest, Whole).
whole([Code|Rest], [Code|Whole]) :-
    whole(Rest, Whole).
whole([], []).

unit(Digits, From, To) :-
    atom_codes(Text, [0'0, 0'x|Digits]),
    catch(atom_number(Text, Unit), _, fail),
    between(From, To, Unit).
