Require Import NArith.
Open Scope N_scope.

Fixpoint sum (n : nat) : N :=
  match n with
  | O => 0
  | S m => N.of_nat n + sum m
  end.

Goal True.
  let total := eval vm_compute in (sum (N.to_nat 10000)) in idtac total.
Abort.
