/*
 * The buffer under Python's sys.stdout and sys.stderr where they are pipes. Every print must be seen at once and must not be lost
 * when a limit ends the program, but print() hands its arguments, separators and end to the stream one by one, and a system call for
 * each costs eight times the time of the program and tears the lines of programs that share the pipe.
 *
 * Writer is an io.BufferedWriter with a buffer of its own before that of its base, which is emptied
 *  - by a write that ends a line,
 *  - else as soon as the interpreter is back from the C function that wrote (print, sys.stdout.write): empty_soon() is a pending
 *    call, which the thread makes before its next instruction.
 * So a call of print() is one system call, with or without a line end, and nothing is held back when the program goes on, forks or
 * reads. Threads change places only while the buffer is written out, hence between the prints of two.
 *
 * Of Python's stable ABI only what is used is declared here, so that no headers of Python are needed to build it.
 */

typedef struct object {
    long refcount;
    struct object *type;
} PyObject;
typedef long Py_ssize_t;
typedef PyObject *(*PyCFunction)(PyObject *, PyObject *);
typedef struct {
    const char *name;
    PyCFunction function;
    int flags;
    const char *doc;
} PyMethodDef;
typedef struct {
    PyObject base;
    void *init, *index, *copy;
    const char *name, *doc;
    Py_ssize_t size;
    PyMethodDef *methods;
    void *slots, *traverse, *clear, *free;
} PyModuleDef;
typedef struct {
    int slot;
    void *value;
} PyType_Slot;
typedef struct {
    const char *name;
    int basicsize, itemsize;
    unsigned flags;
    PyType_Slot *slots;
} PyType_Spec;

enum { METH_NOARGS = 4, METH_O = 8, PYTHON_API_VERSION = 1013, Py_tp_methods = 64, Py_TPFLAGS_DEFAULT = 0, Py_TPFLAGS_BASETYPE = 1 << 10 };

extern PyObject PyBytes_Type, _Py_NoneStruct;
void Py_IncRef(PyObject *);
void Py_DecRef(PyObject *);
PyObject *PyImport_ImportModule(const char *);
PyObject *PyObject_GetAttrString(PyObject *, const char *);
PyObject *PyObject_CallFunctionObjArgs(PyObject *, ...);
void *PyObject_GetTypeData(PyObject *, PyObject *);
PyObject *PyType_FromSpecWithBases(PyType_Spec *, PyObject *);
PyObject *PyModule_Create2(PyModuleDef *, int);
int PyModule_AddObjectRef(PyObject *, const char *, PyObject *);
int PyBytes_AsStringAndSize(PyObject *, char **, Py_ssize_t *);
PyObject *PyBytes_FromStringAndSize(const char *, Py_ssize_t);
PyObject *PyLong_FromSsize_t(Py_ssize_t);
unsigned long PyThread_get_thread_ident(void);
int Py_AddPendingCall(int (*)(void *), void *);
void *PyInterpreterState_Get(void);
void *dlsym(void *, const char *);
void *memcpy(void *, const void *, unsigned long);

enum { CAPACITY = 8192 };

/* What a Writer has beside its base. */
struct writer {
    int scheduled;         /* a pending call is to come */
    unsigned long emptied; /* the thread that empties the buffer; 0: none */
    Py_ssize_t length;
    char bytes[CAPACITY];
};

static PyObject *type, *base_write, *base_flush;

/*
 * A pending call for the thread that asks for it; Py_AddPendingCall is for the main thread only, which may be waiting for this one.
 * Python exports it without promising it, so it may be missing.
 */
static int (*add_pending_call)(void *interpreter, int (*)(void *), void *, int flags);

/* Calls a method of the base and forgets its result. */
static int call(PyObject *method, PyObject *self, PyObject *argument)
{
    PyObject *result = PyObject_CallFunctionObjArgs(method, self, argument, (void *)0);

    if (result == 0)
        return -1;
    Py_DecRef(result);
    return 0;
}

static int empty(PyObject *self, struct writer *writer)
{
    unsigned long thread = PyThread_get_thread_ident();
    int failed = 0;

    /* A signal handler that prints while this thread waits for room in the pipe: the call it interrupted writes that too. */
    if (writer->emptied == thread)
        return 0;
    writer->emptied = thread;
    while (writer->length > 0 && !failed) {
        PyObject *bytes = PyBytes_FromStringAndSize(writer->bytes, writer->length);

        if (bytes == 0) {
            failed = -1;
            break;
        }
        writer->length = 0;
        failed = call(base_write, self, bytes);
        Py_DecRef(bytes);
        if (!failed)
            failed = call(base_flush, self, (PyObject *)0);
    }
    if (writer->emptied == thread)
        writer->emptied = 0;
    return failed;
}

static int empty_soon(void *argument)
{
    PyObject *self = argument;
    struct writer *writer = PyObject_GetTypeData(self, type);
    int result;

    writer->scheduled = 0;
    result = empty(self, writer);
    Py_DecRef(self);
    return result;
}

static int schedule(PyObject *self, struct writer *writer)
{
    int refused;

    if (writer->scheduled)
        return 0;
    Py_IncRef(self);
    writer->scheduled = 1;
    refused = add_pending_call ? add_pending_call(PyInterpreterState_Get(), empty_soon, self, 0)
                               : Py_AddPendingCall(empty_soon, self);
    return refused ? empty_soon(self) : 0;
}

/* What is no small piece of bytes goes past the buffer, behind what is in it. */
static PyObject *write_past(PyObject *self, PyObject *data)
{
    PyObject *result = PyObject_CallFunctionObjArgs(base_write, self, data, (void *)0);

    if (result == 0 || call(base_flush, self, (PyObject *)0) == 0)
        return result;
    Py_DecRef(result);
    return 0;
}

static PyObject *write_data(PyObject *self, PyObject *data)
{
    struct writer *writer = PyObject_GetTypeData(self, type);
    int small = data->type == &PyBytes_Type;
    char *bytes;
    Py_ssize_t length = CAPACITY;

    if (small && PyBytes_AsStringAndSize(data, &bytes, &length) != 0)
        return 0;
    if ((!small || length > CAPACITY - writer->length) && empty(self, writer) != 0)
        return 0;
    if (!small || length > CAPACITY - writer->length)
        return write_past(self, data);
    memcpy(writer->bytes + writer->length, bytes, length);
    writer->length += length;
    if (length > 0 && (bytes[length - 1] == '\n' ? empty(self, writer) : schedule(self, writer)) != 0)
        return 0;
    return PyLong_FromSsize_t(length);
}

static PyObject *flush(PyObject *self, PyObject *unused)
{
    struct writer *writer = PyObject_GetTypeData(self, type);

    (void)unused;
    if (writer->emptied == PyThread_get_thread_ident()) {
        /* By that signal handler; its interrupted call flushes. */
        Py_IncRef(&_Py_NoneStruct);
        return &_Py_NoneStruct;
    }
    if (empty(self, writer) != 0)
        return 0;
    return PyObject_CallFunctionObjArgs(base_flush, self, (void *)0);
}

static PyMethodDef methods[] = {{"write", write_data, METH_O, 0}, {"flush", flush, METH_NOARGS, 0}, {0}};
static PyType_Slot slots[] = {{Py_tp_methods, methods}, {0}};
static PyType_Spec spec = {
    .name = "_io.BufferedWriter",
    .basicsize = -(int)sizeof(struct writer),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
    .slots = slots,
};
static PyModuleDef definition = {.base = {1, 0}, .name = "_runyard_stdio", .size = -1};

PyObject *PyInit__runyard_stdio(void)
{
    PyObject *io = PyImport_ImportModule("_io");
    PyObject *base = io ? PyObject_GetAttrString(io, "BufferedWriter") : 0;
    PyObject *module;

    *(void **)&add_pending_call = dlsym(0, "_PyEval_AddPendingCall");
    if (base == 0 || (base_write = PyObject_GetAttrString(base, "write")) == 0 ||
        (base_flush = PyObject_GetAttrString(base, "flush")) == 0 ||
        (type = PyType_FromSpecWithBases(&spec, base)) == 0 ||
        (module = PyModule_Create2(&definition, PYTHON_API_VERSION)) == 0 ||
        PyModule_AddObjectRef(module, "Writer", type) != 0)
        return 0;
    return module;
}
