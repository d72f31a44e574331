say 'out';
note 'err';
