Goal True. idtac "before". Abort.
Goal False. exact I. Qed.
