(module
  (func (export "_start") nosuch))
