#include "native.h"

static PyMethodDef functions[] = {
    {"apply_delta", apply_delta, METH_VARARGS, NULL},
    {"news", news, METH_VARARGS, NULL},
    {"read_commits", read_commits, METH_VARARGS, NULL},
    {"read_entries", read_entries, METH_VARARGS, NULL},
    {"in_order", in_order, METH_VARARGS, NULL},
    {"use_libdeflate", use_libdeflate, METH_O, NULL},
    {"inflate", inflate, METH_VARARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "_native", NULL, -1, functions, NULL, NULL, NULL, NULL};

static int
add_type(PyObject *made, const char *name, PyType_Spec *spec)
{
    PyObject *type = PyType_FromSpec(spec);
    int added = type && PyModule_AddObjectRef(made, name, type) == 0;
    Py_XDECREF(type);
    return added;
}

PyMODINIT_FUNC
PyInit__native(void)
{
    PyObject *made = PyModule_Create(&module);
    if (made && (!add_type(made, "Unpacker", &unpacker_spec) || !add_type(made, "TreeNames", &tree_names_spec))) {
        Py_CLEAR(made);
    }
    return made;
}
