using System.Runtime.InteropServices;
using System.Text;
using Diffract.Engine;
using Diffract.Engine.Sim;

namespace Diffract.Tests.Engine.Cuda;

/// <remarks>The exported functions. Arguments come as registers: the upper half of a 32-bit one is undefined, so it is
/// cut off where it is used.</remarks>
internal sealed unsafe partial class MockDriver
{
    private delegate int F1(nint a);

    private delegate int F2(nint a, nint b);

    private delegate int F3(nint a, nint b, nint c);

    private delegate int F4(nint a, nint b, nint c, nint d);

    private delegate int F5(nint a, nint b, nint c, nint d, nint e);

    private delegate int F8(nint a, nint b, nint c, nint d, nint e, nint f, nint g, nint h);

    // cuLaunchKernel: arguments beyond the sixth lie on the stack, in the width they have.
    private delegate int FLaunch(nint function, uint gridX, uint gridY, uint gridZ, uint blockX, uint blockY,
        uint blockZ, uint shared, nint stream, void** parameters, void** extra);

    // cuTensorMapEncodeTiled
    private delegate int FEncode(nint at, int element, uint axes, nint address, ulong* sizes, ulong* strides, uint* box,
        uint* steps, int interleave, int swizzle, int promotion, int fill);

    private void AddFunctions()
    {
        AddDevice();
        AddMemory();
        AddStreams();
        AddModules();
        AddGraphs();
    }

    private void On(string name, Func<nint, int> body) => functions[name] = (F1)(a => Call(name, () => body(a)));

    private void On(string name, Func<nint, nint, int> body) =>
        functions[name] = (F2)((a, b) => Call(name, () => body(a, b)));

    private void On(string name, Func<nint, nint, nint, int> body) =>
        functions[name] = (F3)((a, b, c) => Call(name, () => body(a, b, c)));

    private void On(string name, Func<nint, nint, nint, nint, int> body) =>
        functions[name] = (F4)((a, b, c, d) => Call(name, () => body(a, b, c, d)));

    private static int Put(nint at, nint value)
    {
        *(nint*)at = value;
        return 0;
    }

    private static int PutInt(nint at, int value)
    {
        *(int*)at = value;
        return 0;
    }

    private void AddDevice()
    {
        On("cuGetErrorName", (code, at) => Put(at, Text((int)code, $"CUDA_ERROR_OF_TEST_{(int)code}")));
        On("cuGetErrorString", (code, at) => Put(at, Text(-(int)code, $"error {(int)code} of the test")));
        On("cuInit", flags => (int)flags == 0 ? 0 : InvalidValue);
        On("cuDriverGetVersion", at => PutInt(at, Version));
        On("cuDeviceGetCount", at => PutInt(at, Devices));
        On("cuDeviceGet", (at, ordinal) => (int)ordinal < Devices ? PutInt(at, 70 + (int)ordinal) : 101);
        On("cuDeviceGetName", (at, length, device) =>
        {
            Encoding.UTF8.GetBytes("Mock GPU\0").CopyTo(new Span<byte>((void*)at, (int)length));
            return (int)device >= 70 ? 0 : InvalidValue;
        });
        On("cuDeviceGetAttribute", (at, attribute, device) => (int)attribute switch
        {
            16 => PutInt(at, 4),
            75 => PutInt(at, Architecture / 10),
            76 => PutInt(at, Architecture % 10),
            97 => PutInt(at, LargestShared),
            _ => InvalidValue,
        });
        On("cuDevicePrimaryCtxRetain", (at, device) =>
        {
            contexts++;
            return Put(at, 0x77);
        });
        On("cuDevicePrimaryCtxRelease_v2", device =>
        {
            contexts--;
            return 0;
        });
        On("cuCtxSetCurrent", context => context == 0x77 ? 0 : InvalidHandle);
    }

    private void AddMemory()
    {
        On("cuMemGetInfo_v2", (free, total) =>
        {
            Put(free, (nint)(TotalMemory - allocations.Values.Sum()));
            return Put(total, (nint)TotalMemory);
        });
        On("cuMemAlloc_v2", (at, bytes) =>
        {
            if (bytes == 0) return InvalidValue;
            if (allocations.Values.Sum() + bytes > TotalMemory) return OutOfMemory;
            var address = memory.Allocate(bytes);
            allocations[address] = bytes;
            return Put(at, address);
        });
        On("cuMemFree_v2", address =>
        {
            Run();
            if (!allocations.Remove(address)) return InvalidValue;
            memory.Free(address);
            return 0;
        });
        On("cuMemHostAlloc", (at, bytes, flags) =>
        {
            var block = (nint)NativeMemory.Alloc((nuint)bytes);
            hostBlocks.Add(block);
            return Put(at, block);
        });
        On("cuMemFreeHost", block =>
        {
            if (!hostBlocks.Remove(block)) return InvalidValue;
            NativeMemory.Free((void*)block);
            return 0;
        });
        On("cuMemcpyHtoDAsync_v2", (target, source, bytes, stream) => Queue(new(() =>
            memory.Write(target, new ReadOnlySpan<byte>((void*)source, (int)bytes)))));
        On("cuMemcpyDtoHAsync_v2", (target, source, bytes, stream) => Queue(new(() =>
            memory.Read(source, new Span<byte>((void*)target, (int)bytes)))));
        On("cuMemcpyDtoDAsync_v2", (target, source, bytes, stream) =>
            Queue(new(() => memory.Copy(source, target, bytes))));
    }

    private void AddStreams()
    {
        On("cuStreamCreate", (at, flags) => Put(at, Add("stream")));
        On("cuStreamDestroy_v2", Remove<string>);
        On("cuStreamSynchronize", stream => Is<string>(stream, out _) ? Run() : InvalidHandle);
        On("cuEventCreate", (at, flags) => Put(at, Add(new Moment())));
        On("cuEventDestroy_v2", Remove<Moment>);
        On("cuEventRecord", (@event, stream) => Is<Moment>(@event, out var moment) && Is<string>(stream, out _)
            ? Queue(new(() => moment.Time = Launches, @event)) : InvalidHandle);
        On("cuEventSynchronize", @event => Is<Moment>(@event, out _) ? Run(@event) : InvalidHandle);
        functions["cuEventElapsedTime"] = (F3)((at, from, to) => Call("cuEventElapsedTime", () =>
        {
            if (!Is<Moment>(from, out var first) || !Is<Moment>(to, out var last) || first.Time < 0)
                return InvalidHandle;
            *(float*)at = last.Time - first.Time;
            return 0;
        }));
    }

    private void AddModules()
    {
        functions["cuModuleLoadDataEx"] = (F5)((at, image, count, names, values) =>
            Call("cuModuleLoadDataEx", () => LoadModule(at, image)));
        On("cuModuleUnload", Remove<Module>);
        On("cuModuleGetFunction", (at, module, name) =>
        {
            if (!Is<Module>(module, out var loaded)) return InvalidHandle;
            return loaded.Program.Name == Read(name) ? Put(at, Add(new Function(loaded.Program))) : 500;
        });
        On("cuFuncSetAttribute", (function, attribute, value) =>
        {
            if (!Is<Function>(function, out var kernel)) return InvalidHandle;
            if ((int)attribute != 8 || (int)value > LargestShared) return InvalidValue;
            kernel.Shared = (int)value;
            return 0;
        });
        functions["cuLaunchKernel"] = (FLaunch)((function, gridX, gridY, gridZ, blockX, blockY, blockZ, shared, stream,
            parameters, extra) => Call("cuLaunchKernel", () => Launch(function, new GpuSize(
                ((int)gridX, (int)gridY, (int)gridZ), ((int)blockX, (int)blockY, (int)blockZ), (int)shared),
                parameters)));
        functions["cuTensorMapEncodeTiled"] = (FEncode)((at, element, axes, address, sizes, strides, box, steps,
            interleave, swizzle, promotion, fill) => Call("cuTensorMapEncodeTiled", () =>
            {
                if (at % TensorMap.Alignment != 0 || interleave != 0) return InvalidValue;
                var count = (int)axes;
                SimTensorMap.Encode(new TensorMap((TensorMapElement)element, address,
                        [.. new ReadOnlySpan<long>(sizes, count)], [.. new ReadOnlySpan<long>(strides, count - 1)],
                        [.. new ReadOnlySpan<int>(box, count)], [.. new ReadOnlySpan<int>(steps, count)],
                        (TensorMapSwizzle)swizzle, (TensorMapPromotion)promotion, fill != 0))
                    .CopyTo(new Span<byte>((void*)at, TensorMap.Bytes));
                return 0;
            }));
        On("cuLinkCreate_v2", (count, names, values, at) => Put(at, Add(new Link())));
        functions["cuLinkAddData_v2"] = (F8)((link, type, data, size, name, count, names, values) =>
            Call("cuLinkAddData_v2", () =>
            {
                if (!Is<Link>(link, out var open) || (int)type != 1) return InvalidValue;
                open.Text = Read(data);
                return 0;
            }));
        On("cuLinkComplete", (link, at, size) => Is<Link>(link, out var open) ? Assemble(open, at, size)
            : InvalidHandle);
        On("cuLinkDestroy", link =>
        {
            if (Is<Link>(link, out var open)) Marshal.FreeHGlobal(open.Cubin);
            return Remove<Link>(link);
        });
    }

    private void AddGraphs()
    {
        On("cuStreamBeginCapture_v2", (stream, mode) =>
        {
            if (capture is not null) return NotRecordable;
            capture = [];
            return 0;
        });
        On("cuStreamEndCapture", (stream, at) =>
        {
            if (capture is null) return NotRecordable;
            Put(at, Add(new Graph([.. capture])));
            capture = null;
            return 0;
        });
        On("cuGraphInstantiateWithFlags", (at, graph, flags) =>
            Is<Graph>(graph, out var g) ? Put(at, Add(new Executable(g))) : InvalidHandle);
        On("cuGraphLaunch", (executable, stream) =>
        {
            if (!Is<Executable>(executable, out var ready)) return InvalidHandle;
            foreach (var work in ready.Graph.Works) Queue(work);
            return 0;
        });
        On("cuGraphDestroy", Remove<Graph>);
        On("cuGraphExecDestroy", Remove<Executable>);
    }

    private sealed record Graph(IReadOnlyList<Work> Works);

    private sealed record Executable(Graph Graph);
}
