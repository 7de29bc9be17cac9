#include "native.h"

static PyMethodDef functions[] = {
    {"apply_delta", apply_delta, METH_VARARGS, NULL},
    {"difference", difference, METH_VARARGS, NULL},
    {"news", news, METH_VARARGS, NULL},
    {"read_entries", read_entries, METH_VARARGS, NULL},
    {"in_order", in_order, METH_VARARGS, NULL},
#ifdef WITH_LIBDEFLATE
    {"inflate", inflate, METH_VARARGS, NULL},
#endif
    {"tree_runs", tree_runs, METH_VARARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "_native", NULL, -1, functions, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC
PyInit__native(void)
{
    PyObject *made = PyModule_Create(&module);
    PyObject *type = PyType_FromSpec(&unpacker_spec);
    if (!made || !type || PyModule_AddObjectRef(made, "Unpacker", type) < 0) {
        Py_XDECREF(type);
        Py_XDECREF(made);
        return NULL;
    }
    Py_DECREF(type);
    return made;
}
