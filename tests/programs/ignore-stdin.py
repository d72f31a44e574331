print('done without reading')
