Load "beside-file.v".
