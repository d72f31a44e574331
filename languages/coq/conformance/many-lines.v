Require Import NArith.
Open Scope N_scope.

Ltac count i :=
  idtac i;
  lazymatch i with
  | 100000 => idtac
  | _ => let next := eval vm_compute in (N.succ i) in count next
  end.

Goal True.
  count 1.
Abort.
