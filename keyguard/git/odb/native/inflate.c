/* Inflating: by libdeflate where Python found one, else by the functions of Python that an inflater is given. */

#include "native.h"

#ifndef _WIN32
#include <dlfcn.h>
#endif

/* What is called of libdeflate: its own names, types and meanings, which it has kept since 1.0. */
struct Library {
    void *(*libdeflate_alloc_decompressor)(void);
    void (*libdeflate_free_decompressor)(void *);
    int (*libdeflate_zlib_decompress)(void *, const void *, size_t, void *, size_t, size_t *);
    uint32_t (*libdeflate_crc32)(uint32_t, const void *, size_t);
};

enum { SUCCESS = 0 };

/* The last that was loaded, which stays in memory, and whether new inflaters use it. */
static struct Library library;
static int used;

static int
load(const char *path)
{
#ifndef _WIN32
    void *file = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!file) {
        return 0;
    }
    /* POSIX has functions found as pointers to data. */
    struct Library found;
    *(void **)&found.libdeflate_alloc_decompressor = dlsym(file, "libdeflate_alloc_decompressor");
    *(void **)&found.libdeflate_free_decompressor = dlsym(file, "libdeflate_free_decompressor");
    *(void **)&found.libdeflate_zlib_decompress = dlsym(file, "libdeflate_zlib_decompress");
    *(void **)&found.libdeflate_crc32 = dlsym(file, "libdeflate_crc32");
    if (found.libdeflate_alloc_decompressor && found.libdeflate_free_decompressor && found.libdeflate_zlib_decompress
        && found.libdeflate_crc32) {
        library = found;
        return 1;
    }
    dlclose(file);
#else
    (void)path;
#endif
    return 0;
}

/* use_libdeflate(path): have new inflaters use the libdeflate in a file, or none where that is None. Gives whether they
   use one: not where the file has no such functions, and not on Windows, where a file names only what it means to. */
PyObject *
use_libdeflate(PyObject *Py_UNUSED(module), PyObject *path)
{
    used = 0;
    if (path != Py_None) {
        PyObject *name;
        if (!PyUnicode_FSConverter(path, &name)) {
            return NULL;
        }
        used = load(PyBytes_AsString(name));
        Py_DECREF(name);
    }
    return PyBool_FromLong(used);
}

int
inflater_begin(Inflater *inflater, PyObject *inflate, PyObject *crc32, PyObject *errors)
{
    inflater->inflate = Py_NewRef(inflate);
    inflater->crc32 = Py_NewRef(crc32);
    inflater->errors = Py_NewRef(errors);
    /* Bits of the window, as zlib counts them: a stream with zlib's own header. */
    inflater->window = PyLong_FromLong(15);
    if (inflater->window && used) {
        inflater->library = &library;
        inflater->state = library.libdeflate_alloc_decompressor();
        if (!inflater->state) {
            PyErr_NoMemory();
            return 0;
        }
    }
    return inflater->window != NULL;
}

void
inflater_end(Inflater *inflater)
{
    if (inflater->state) {
        inflater->library->libdeflate_free_decompressor(inflater->state);
    }
    Py_XDECREF(inflater->inflate);
    Py_XDECREF(inflater->crc32);
    Py_XDECREF(inflater->errors);
    Py_XDECREF(inflater->window);
}

static PyObject *
view_of(const char *data, Py_ssize_t length)
{
    return PyMemoryView_FromMemory((char *)data, length, PyBUF_READ);
}

static Outcome
inflate_by_python(Inflater *inflater, const char *packed, Py_ssize_t length, char *to, Py_ssize_t size)
{
    PyObject *view = view_of(packed, length), *wanted = PyLong_FromSsize_t(size), *data = NULL;
    if (view && wanted) {
        data = PyObject_CallFunctionObjArgs(inflater->inflate, view, inflater->window, wanted, NULL);
    }
    Py_XDECREF(view);
    Py_XDECREF(wanted);
    if (!data) {
        if (!PyErr_ExceptionMatches(inflater->errors)) {
            return FAILED;
        }
        PyErr_Clear();
        return LEFT;
    }
    int fits = PyBytes_Check(data) && PyBytes_Size(data) == size;
    if (fits) {
        memcpy(to, PyBytes_AsString(data), size);
    }
    Py_DECREF(data);
    return fits ? DONE : LEFT;
}

Outcome
inflate_to(Inflater *inflater, const char *packed, Py_ssize_t length, char *to, Py_ssize_t size)
{
    if (!inflater->state) {
        return inflate_by_python(inflater, packed, length, to, size);
    }
    size_t given = 0;
    int result = inflater->library->libdeflate_zlib_decompress(inflater->state, packed, length, to, size, &given);
    return result == SUCCESS && (Py_ssize_t)given == size ? DONE : LEFT;
}

Outcome
has_checksum(Inflater *inflater, const char *data, Py_ssize_t length, int64_t wanted)
{
    if (inflater->state) {
        return inflater->library->libdeflate_crc32(0, data, length) == wanted ? DONE : LEFT;
    }
    PyObject *view = view_of(data, length);
    PyObject *sum = view ? PyObject_CallFunctionObjArgs(inflater->crc32, view, NULL) : NULL;
    Py_XDECREF(view);
    int64_t number = sum ? PyLong_AsLongLong(sum) : -1;
    Py_XDECREF(sum);
    if (PyErr_Occurred()) {
        return FAILED;
    }
    return number == wanted ? DONE : LEFT;
}

/* inflate(packed, size): what a zlib stream inflates to, by libdeflate; None where that is not just `size` bytes, and
   without libdeflate. */
PyObject *
inflate(PyObject *Py_UNUSED(module), PyObject *args)
{
    Py_buffer packed;
    Py_ssize_t size;
    if (!PyArg_ParseTuple(args, "y*n", &packed, &size)) {
        return NULL;
    }
    PyObject *result = NULL;
    Inflater inflater = {0};
    if (used && inflater_begin(&inflater, Py_None, Py_None, Py_None)) {
        result = PyBytes_FromStringAndSize(NULL, size);
        if (result && inflate_to(&inflater, packed.buf, packed.len, PyBytes_AsString(result), size) != DONE) {
            Py_CLEAR(result);
        }
    }
    inflater_end(&inflater);
    PyBuffer_Release(&packed);
    return result || PyErr_Occurred() ? result : Py_NewRef(Py_None);
}
