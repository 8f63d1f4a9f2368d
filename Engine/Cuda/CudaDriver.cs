using System.Runtime.InteropServices;
using System.Text;

namespace Diffract.Engine.Cuda;

/// <summary>NVIDIA's driver interface (libcuda), as far as it is used here. Handles and device addresses are
/// <see cref="nint"/>. Every call that fails throws a <see cref="CudaException"/>; what a handle's end does with a
/// failure is its owner's business.</summary>
/// <remarks>Functions are found by name when the driver is loaded, not by an import: a machine without a driver can run
/// everything else, and tests can put their own functions in the driver's place.</remarks>
internal sealed unsafe class CudaDriver
{
    /// <summary>Oldest driver, as the CUDA version it brings: 12.0 (branch 525).</summary>
    public const int OldestVersion = 12000;

    private readonly Func<string, nint> export;
    private readonly delegate* unmanaged<int, byte**, int> errorName, errorText;
    private readonly delegate* unmanaged<int*, int> deviceCount;
    private readonly delegate* unmanaged<int*, int, int> device;
    private readonly delegate* unmanaged<byte*, int, int, int> deviceName;
    private readonly delegate* unmanaged<int*, int, int, int> deviceAttribute;
    private readonly delegate* unmanaged<nint*, int, int> retainContext;
    private readonly delegate* unmanaged<int, int> releaseContext;
    private readonly delegate* unmanaged<nint, int> setContext;
    private readonly delegate* unmanaged<nuint*, nuint*, int> memoryInfo;
    private readonly delegate* unmanaged<nint*, nuint, int> allocate;
    private readonly delegate* unmanaged<nint, int> free;
    private readonly delegate* unmanaged<nint*, nuint, uint, int> allocateHost;
    private readonly delegate* unmanaged<nint, int> freeHost;
    private readonly delegate* unmanaged<nint, nint, nuint, nint, int> copyToDevice, copyToHost, copyOnDevice;
    private readonly delegate* unmanaged<nint*, uint, int> createStream, createEvent;
    private readonly delegate* unmanaged<nint, int> destroyStream, destroyEvent, waitForStream, waitForEvent;
    private readonly delegate* unmanaged<nint, nint, int> recordEvent;
    private readonly delegate* unmanaged<float*, nint, nint, int> elapsed;
    private readonly delegate* unmanaged<nint*, void*, uint, int*, void**, int> loadModule;
    private readonly delegate* unmanaged<nint, int> unloadModule;
    private readonly delegate* unmanaged<nint*, nint, byte*, int> function;
    private readonly delegate* unmanaged<nint, int, int, int> setFunctionAttribute;
    private readonly delegate* unmanaged<nint, uint, uint, uint, uint, uint, uint, uint, nint, void**, void**, int>
        launch;
    private readonly delegate* unmanaged<void*, int, uint, nint, ulong*, ulong*, uint*, uint*, int, int, int, int, int>
        encodeMap;
    private readonly delegate* unmanaged<uint, int*, void**, nint*, int> createLink;
    private readonly delegate* unmanaged<nint, int, void*, nuint, byte*, uint, int*, void**, int> addToLink;
    private readonly delegate* unmanaged<nint, void**, nuint*, int> completeLink;
    private readonly delegate* unmanaged<nint, int> destroyLink;
    private readonly delegate* unmanaged<nint, int, int> beginCapture;
    private readonly delegate* unmanaged<nint, nint*, int> endCapture;
    private readonly delegate* unmanaged<nint*, nint, ulong, int> instantiate;
    private readonly delegate* unmanaged<nint, nint, int> launchGraph;
    private readonly delegate* unmanaged<nint, int> destroyGraph, destroyExecutable;

    /// <summary>Finds the functions and starts the driver.</summary>
    /// <param name="export">Address of an exported function by its name; 0 when there is none.</param>
    /// <exception cref="DeviceException">The driver is too old, or will not start.</exception>
    public CudaDriver(Func<string, nint> export)
    {
        this.export = export;
        errorName = (delegate* unmanaged<int, byte**, int>)Find("cuGetErrorName");
        errorText = (delegate* unmanaged<int, byte**, int>)Find("cuGetErrorString");
        var version = 0;
        Check(((delegate* unmanaged<int*, int>)Find("cuDriverGetVersion"))(&version), "cuDriverGetVersion");
        Version = version;
        if (version < OldestVersion)
            throw new DeviceException($"the NVIDIA driver is too old: it brings CUDA {Name(version)}, and at least "
                + $"{Name(OldestVersion)} is needed (driver 525 or later). Update the driver, or use --device cpu.");
        Check(((delegate* unmanaged<uint, int>)Find("cuInit"))(0), "cuInit");
        deviceCount = (delegate* unmanaged<int*, int>)Find("cuDeviceGetCount");
        device = (delegate* unmanaged<int*, int, int>)Find("cuDeviceGet");
        deviceName = (delegate* unmanaged<byte*, int, int, int>)Find("cuDeviceGetName");
        deviceAttribute = (delegate* unmanaged<int*, int, int, int>)Find("cuDeviceGetAttribute");
        retainContext = (delegate* unmanaged<nint*, int, int>)Find("cuDevicePrimaryCtxRetain");
        releaseContext = (delegate* unmanaged<int, int>)Find("cuDevicePrimaryCtxRelease_v2");
        setContext = (delegate* unmanaged<nint, int>)Find("cuCtxSetCurrent");
        memoryInfo = (delegate* unmanaged<nuint*, nuint*, int>)Find("cuMemGetInfo_v2");
        allocate = (delegate* unmanaged<nint*, nuint, int>)Find("cuMemAlloc_v2");
        free = (delegate* unmanaged<nint, int>)Find("cuMemFree_v2");
        allocateHost = (delegate* unmanaged<nint*, nuint, uint, int>)Find("cuMemHostAlloc");
        freeHost = (delegate* unmanaged<nint, int>)Find("cuMemFreeHost");
        copyToDevice = (delegate* unmanaged<nint, nint, nuint, nint, int>)Find("cuMemcpyHtoDAsync_v2");
        copyToHost = (delegate* unmanaged<nint, nint, nuint, nint, int>)Find("cuMemcpyDtoHAsync_v2");
        copyOnDevice = (delegate* unmanaged<nint, nint, nuint, nint, int>)Find("cuMemcpyDtoDAsync_v2");
        createStream = (delegate* unmanaged<nint*, uint, int>)Find("cuStreamCreate");
        destroyStream = (delegate* unmanaged<nint, int>)Find("cuStreamDestroy_v2");
        waitForStream = (delegate* unmanaged<nint, int>)Find("cuStreamSynchronize");
        createEvent = (delegate* unmanaged<nint*, uint, int>)Find("cuEventCreate");
        destroyEvent = (delegate* unmanaged<nint, int>)Find("cuEventDestroy_v2");
        recordEvent = (delegate* unmanaged<nint, nint, int>)Find("cuEventRecord");
        waitForEvent = (delegate* unmanaged<nint, int>)Find("cuEventSynchronize");
        elapsed = (delegate* unmanaged<float*, nint, nint, int>)Find("cuEventElapsedTime");
        loadModule = (delegate* unmanaged<nint*, void*, uint, int*, void**, int>)Find("cuModuleLoadDataEx");
        unloadModule = (delegate* unmanaged<nint, int>)Find("cuModuleUnload");
        function = (delegate* unmanaged<nint*, nint, byte*, int>)Find("cuModuleGetFunction");
        setFunctionAttribute = (delegate* unmanaged<nint, int, int, int>)Find("cuFuncSetAttribute");
        launch = (delegate* unmanaged<nint, uint, uint, uint, uint, uint, uint, uint, nint, void**, void**, int>)
            Find("cuLaunchKernel");
        encodeMap = (delegate* unmanaged<void*, int, uint, nint, ulong*, ulong*, uint*, uint*, int, int, int, int, int>)
            Find("cuTensorMapEncodeTiled");
        createLink = (delegate* unmanaged<uint, int*, void**, nint*, int>)Find("cuLinkCreate_v2");
        addToLink = (delegate* unmanaged<nint, int, void*, nuint, byte*, uint, int*, void**, int>)
            Find("cuLinkAddData_v2");
        completeLink = (delegate* unmanaged<nint, void**, nuint*, int>)Find("cuLinkComplete");
        destroyLink = (delegate* unmanaged<nint, int>)Find("cuLinkDestroy");
        beginCapture = (delegate* unmanaged<nint, int, int>)Find("cuStreamBeginCapture_v2");
        endCapture = (delegate* unmanaged<nint, nint*, int>)Find("cuStreamEndCapture");
        instantiate = (delegate* unmanaged<nint*, nint, ulong, int>)Find("cuGraphInstantiateWithFlags");
        launchGraph = (delegate* unmanaged<nint, nint, int>)Find("cuGraphLaunch");
        destroyGraph = (delegate* unmanaged<nint, int>)Find("cuGraphDestroy");
        destroyExecutable = (delegate* unmanaged<nint, int>)Find("cuGraphExecDestroy");
    }

    /// <summary>CUDA version that the driver brings: 1000 times the major plus 10 times the minor number.</summary>
    public int Version { get; }

    /// <summary>Name of a version: 12.4.</summary>
    public static string Name(int version) => $"{version / 1000}.{version % 1000 / 10}";

    /// <summary>Loads the machine's driver.</summary>
    /// <exception cref="DeviceException">There is none, it is too old, or it will not start.</exception>
    public static CudaDriver Load()
    {
        var name = OperatingSystem.IsWindows() ? "nvcuda.dll" : "libcuda.so.1";
        if (!NativeLibrary.TryLoad(name, out var library))
            throw new DeviceException($"there is no NVIDIA driver on this machine ({name} was not found). Install one, "
                + "or use --device cpu.");
        return new CudaDriver(function => NativeLibrary.TryGetExport(library, function, out var at) ? at : 0);
    }

    public int DeviceCount()
    {
        var count = 0;
        Check(deviceCount(&count), "cuDeviceGetCount");
        return count;
    }

    public int Device(int ordinal)
    {
        var found = 0;
        Check(device(&found, ordinal), "cuDeviceGet");
        return found;
    }

    public string DeviceName(int of)
    {
        const int length = 256;
        var text = stackalloc byte[length];
        Check(deviceName(text, length, of), "cuDeviceGetName");
        return Marshal.PtrToStringUTF8((nint)text) ?? "";
    }

    public int Attribute(CudaAttribute attribute, int of)
    {
        var value = 0;
        Check(deviceAttribute(&value, (int)attribute, of), "cuDeviceGetAttribute");
        return value;
    }

    public nint RetainContext(int of)
    {
        nint context = 0;
        Check(retainContext(&context, of), "cuDevicePrimaryCtxRetain");
        return context;
    }

    public void ReleaseContext(int of) => Check(releaseContext(of), "cuDevicePrimaryCtxRelease");

    public void SetContext(nint context) => Check(setContext(context), "cuCtxSetCurrent");

    public (long Free, long Total) MemoryInfo()
    {
        nuint free = 0, total = 0;
        Check(memoryInfo(&free, &total), "cuMemGetInfo");
        return ((long)free, (long)total);
    }

    /// <summary>Device memory; 0 when there is no more.</summary>
    public nint Allocate(long bytes)
    {
        nint address = 0;
        var code = allocate(&address, (nuint)bytes);
        if (code == CudaException.OutOfMemory) return 0;
        Check(code, "cuMemAlloc");
        return address;
    }

    public void Free(nint address) => Check(free(address), "cuMemFree");

    public nint AllocateHost(long bytes)
    {
        nint address = 0;
        Check(allocateHost(&address, (nuint)bytes, 0), "cuMemHostAlloc");
        return address;
    }

    public void FreeHost(nint address) => Check(freeHost(address), "cuMemFreeHost");

    public void CopyToDevice(nint target, nint source, long bytes, nint stream) =>
        Check(copyToDevice(target, source, (nuint)bytes, stream), "cuMemcpyHtoDAsync");

    public void CopyToHost(nint target, nint source, long bytes, nint stream) =>
        Check(copyToHost(target, source, (nuint)bytes, stream), "cuMemcpyDtoHAsync");

    public void CopyOnDevice(nint target, nint source, long bytes, nint stream) =>
        Check(copyOnDevice(target, source, (nuint)bytes, stream), "cuMemcpyDtoDAsync");

    /// <summary>A stream that does not wait for the default one.</summary>
    public nint CreateStream()
    {
        nint stream = 0;
        Check(createStream(&stream, 1), "cuStreamCreate");
        return stream;
    }

    public void DestroyStream(nint stream) => Check(destroyStream(stream), "cuStreamDestroy");

    public void WaitForStream(nint stream) => Check(waitForStream(stream), "cuStreamSynchronize");

    /// <summary>An event.</summary>
    /// <param name="timed">True when it is to measure time; others are cheaper.</param>
    public nint CreateEvent(bool timed)
    {
        nint made = 0;
        Check(createEvent(&made, timed ? 0u : 2u), "cuEventCreate");
        return made;
    }

    public void DestroyEvent(nint @event) => Check(destroyEvent(@event), "cuEventDestroy");

    public void RecordEvent(nint @event, nint stream) => Check(recordEvent(@event, stream), "cuEventRecord");

    public void WaitForEvent(nint @event) => Check(waitForEvent(@event), "cuEventSynchronize");

    /// <summary>Milliseconds between two events.</summary>
    public float Elapsed(nint from, nint to)
    {
        float milliseconds = 0;
        Check(elapsed(&milliseconds, from, to), "cuEventElapsedTime");
        return milliseconds;
    }

    /// <summary>Loads a cubin.</summary>
    public nint LoadModule(ReadOnlySpan<byte> image)
    {
        nint module = 0;
        fixed (byte* data = image) Check(loadModule(&module, data, 0, null, null), "cuModuleLoadDataEx");
        return module;
    }

    public void UnloadModule(nint module) => Check(unloadModule(module), "cuModuleUnload");

    public nint Function(nint module, string name)
    {
        nint found = 0;
        fixed (byte* text = Encoding.UTF8.GetBytes(name + '\0'))
            Check(function(&found, module, text), "cuModuleGetFunction");
        return found;
    }

    /// <summary>Allows a kernel more shared memory than the usual 48 KiB.</summary>
    public void AllowShared(nint of, int bytes) => Check(setFunctionAttribute(of, 8, bytes), "cuFuncSetAttribute");

    /// <summary>Queues a kernel.</summary>
    /// <param name="kernel">The function.</param>
    /// <param name="size">How many threads.</param>
    /// <param name="stream">Where.</param>
    /// <param name="parameters">Address of each parameter.</param>
    public void Launch(nint kernel, GpuSize size, nint stream, void** parameters) => Check(launch(kernel,
        (uint)size.Grid.X, (uint)size.Grid.Y, (uint)size.Grid.Z, (uint)size.Block.X, (uint)size.Block.Y,
        (uint)size.Block.Z, (uint)size.DynamicShared, stream, parameters, null), "cuLaunchKernel");

    /// <summary>A tensor map as kernels take it. The address is not followed.</summary>
    public byte[] Encode(TensorMap map)
    {
        var axes = map.Sizes.Count;
        ulong* sizes = stackalloc ulong[axes], strides = stackalloc ulong[axes];
        uint* box = stackalloc uint[axes], steps = stackalloc uint[axes];
        for (var i = 0; i < axes; i++)
        {
            (sizes[i], box[i], steps[i]) = ((ulong)map.Sizes[i], (uint)map.Box[i], (uint)map.Steps[i]);
            if (i > 0) strides[i - 1] = (ulong)map.Strides[i - 1];
        }
        var room = stackalloc byte[TensorMap.Bytes + TensorMap.Alignment];
        var at = (byte*)(((nint)room + TensorMap.Alignment - 1) / TensorMap.Alignment * TensorMap.Alignment);
        // The elements are not interleaved.
        Check(encodeMap(at, (int)map.Element, (uint)axes, map.Address, sizes, strides, box, steps, 0,
            (int)map.Swizzle, (int)map.Promotion, map.FillsNaN ? 1 : 0), "cuTensorMapEncodeTiled");
        return new ReadOnlySpan<byte>(at, TensorMap.Bytes).ToArray();
    }

    /// <summary>Assembles a module's text for the current device.</summary>
    /// <exception cref="CudaException">The text has errors: the message says which.</exception>
    public byte[] Assemble(string text)
    {
        const int logLength = 8192;
        var log = stackalloc byte[logLength];
        log[0] = 0;
        // CU_JIT_ERROR_LOG_BUFFER and its size
        var names = stackalloc int[] { 5, 6 };
        var values = stackalloc void*[] { log, (void*)logLength };
        nint link = 0;
        Check(createLink(2, names, values, &link), "cuLinkCreate");
        try
        {
            var source = Encoding.UTF8.GetBytes(text + '\0');
            void* cubin = null;
            nuint length = 0;
            // 1: the input is PTX
            fixed (byte* data = source)
                Check(addToLink(link, 1, data, (nuint)source.Length, null, 0, null, null), "cuLinkAddData", Log());
            Check(completeLink(link, &cubin, &length), "cuLinkComplete", Log());
            return new ReadOnlySpan<byte>(cubin, checked((int)length)).ToArray();
        }
        finally
        {
            // The cubin was copied; a failure here would only hide the first one.
            _ = destroyLink(link);
        }

        string Log() => Marshal.PtrToStringUTF8((nint)log)?.Trim() ?? "";
    }

    /// <summary>From now on what this thread queues on a stream is recorded instead of run.</summary>
    public void BeginCapture(nint stream) => Check(beginCapture(stream, 2), "cuStreamBeginCapture");

    /// <summary>Ends a recording.</summary>
    public nint EndCapture(nint stream)
    {
        nint graph = 0;
        Check(endCapture(stream, &graph), "cuStreamEndCapture");
        return graph;
    }

    public nint Instantiate(nint graph)
    {
        nint executable = 0;
        Check(instantiate(&executable, graph, 0), "cuGraphInstantiateWithFlags");
        return executable;
    }

    public void LaunchGraph(nint executable, nint stream) => Check(launchGraph(executable, stream), "cuGraphLaunch");

    public void DestroyGraph(nint graph) => Check(destroyGraph(graph), "cuGraphDestroy");

    public void DestroyExecutable(nint executable) => Check(destroyExecutable(executable), "cuGraphExecDestroy");

    private nint Find(string name) => export(name) is not 0 and var address ? address
        : throw new DeviceException($"the NVIDIA driver has no function {name}: it is too old or damaged. Update it, "
            + "or use --device cpu.");

    private void Check(int code, string function, string detail = "")
    {
        if (code != 0) throw new CudaException(code, function, Text(errorName, code), Text(errorText, code), detail);
    }

    private static string Text(delegate* unmanaged<int, byte**, int> of, int code)
    {
        byte* text = null;
        return of(code, &text) == 0 && text is not null ? Marshal.PtrToStringUTF8((nint)text) ?? "" : "";
    }
}

/// <summary>What can be asked of a device; the driver's numbers.</summary>
internal enum CudaAttribute
{
    /// <summary>Multiprocessors.</summary>
    Multiprocessors = 16,

    /// <summary>First number of the compute capability.</summary>
    Major = 75,

    /// <summary>Second number of the compute capability.</summary>
    Minor = 76,

    /// <summary>Most shared memory of a block, bytes.</summary>
    LargestShared = 97,
}
