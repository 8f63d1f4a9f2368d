using System.Runtime.InteropServices;
using System.Text;
using Diffract.Engine;
using Diffract.Engine.Cuda;
using Diffract.Engine.Sim;

namespace Diffract.Tests.Engine.Cuda;

/// <summary>A driver whose GPU is the interpreter. It does what a real one may do at the worst moment: whatever is
/// queued runs only when somebody waits for it, and errors of kernels show up then. Any function can be made to
/// fail.</summary>
internal sealed unsafe partial class MockDriver : IDisposable
{
    private const int InvalidValue = 1, OutOfMemory = 2, InvalidImage = 200, InvalidHandle = 400, LaunchFailed = 719,
        NotRecordable = 900;

    private readonly Dictionary<string, Delegate> functions = [];
    private readonly Dictionary<int, nint> texts = [];
    private readonly Dictionary<nint, object> handles = [];
    private readonly Dictionary<nint, long> allocations = [];
    private readonly HashSet<nint> hostBlocks = [];
    private readonly SimMemory memory = new();
    private readonly List<Work> queue = [];
    private readonly Lock gate = new();
    private List<Work>? capture;
    private nint nextHandle = 0x1000;
    private int contexts, sticky;
    private (string Function, int Call, int Code) failure = ("", 0, 0);

    // One queued piece of work; the event that it stands for, if it is one.
    private sealed record Work(Action Run, nint Event = 0);

    private sealed class Module(string text)
    {
        public SimProgram Program { get; } = SimProgram.Load(text);
    }

    private sealed class Function(SimProgram program)
    {
        public SimProgram Program => program;

        public int Shared { get; set; } = 48 * 1024;
    }

    private sealed class Link
    {
        public string Text { get; set; } = "";

        public nint Cubin { get; set; }
    }

    private sealed class Moment
    {
        public int Time { get; set; } = -1;
    }

    public MockDriver() => AddFunctions();

    /// <summary>Version that the driver says it brings.</summary>
    public int Version { get; init; } = 12040;

    /// <summary>GPUs in the machine.</summary>
    public int Devices { get; init; } = 2;

    /// <summary>Ten times the compute capability.</summary>
    public int Architecture { get; init; } = 80;

    /// <summary>Most shared memory of a block, bytes.</summary>
    public int LargestShared => (Architecture == 90 ? 227 : 163) * 1024;

    /// <summary>Bytes of device memory.</summary>
    public long TotalMemory { get; init; } = 1L << 30;

    /// <summary>A function that the driver lacks.</summary>
    public string Missing { get; init; } = "";

    /// <summary>How often each function was called.</summary>
    public Dictionary<string, int> Calls { get; } = [];

    /// <summary>Kernels run.</summary>
    public int Launches { get; private set; }

    /// <summary>What a kernel did wrong.</summary>
    public string Report { get; private set; } = "";

    /// <summary>What is still held: nothing, once everything was given back.</summary>
    public string Held => string.Join(", ", new[]
    {
        (handles.Values.Count(h => h is not Function), "handles"), (allocations.Count, "blocks"),
        (hostBlocks.Count, "host blocks"), (contexts, "contexts"),
    }.Where(h => h.Item1 != 0).Select(h => $"{h.Item1} {h.Item2}"));

    /// <summary>Calls of one function.</summary>
    public int Count(string function) => Calls.GetValueOrDefault(function);

    /// <summary>The functions by name.</summary>
    public IEnumerable<string> Functions => functions.Keys;

    /// <summary>Lets the given call of a function fail, counted from 1.</summary>
    public void Fail(string function, int call, int code) => failure = (function, call, code);

    /// <summary>The driver's functions for the engine.</summary>
    public CudaDriver Load() => new(name => name != Missing && functions.TryGetValue(name, out var function)
        ? Marshal.GetFunctionPointerForDelegate(function) : 0);

    /// <summary>A GPU of this driver.</summary>
    public CudaDevice Open(CudaOptions? options = null) =>
        new(Load(), 0, options ?? new CudaOptions { CacheFolder = null });

    public void Dispose()
    {
        foreach (var text in texts.Values) Marshal.FreeCoTaskMem(text);
        foreach (var block in hostBlocks) NativeMemory.Free((void*)block);
        foreach (var link in handles.Values.OfType<Link>()) Marshal.FreeHGlobal(link.Cubin);
        foreach (var address in allocations.Keys) memory.Free(address);
    }

    // No exception may pass into the caller, who believes to be calling C.
    private int Call(string name, Func<int> body)
    {
        lock (gate)
        {
            var call = Calls[name] = Calls.GetValueOrDefault(name) + 1;
            if (failure.Function == name && failure.Call == call) return failure.Code;
            if (sticky != 0 && name is not ("cuGetErrorName" or "cuGetErrorString")) return sticky;
            try
            {
                return body();
            }
            catch (SimException e)
            {
                Report = e.Message;
                return sticky = LaunchFailed;
            }
        }
    }

    private nint Add(object thing)
    {
        handles[nextHandle] = thing;
        return nextHandle++;
    }

    private int Remove<T>(nint handle) =>
        handles.TryGetValue(handle, out var thing) && thing is T && handles.Remove(handle) ? 0 : InvalidHandle;

    private bool Is<T>(nint handle, out T thing) where T : class
    {
        thing = (handles.GetValueOrDefault(handle) as T)!;
        return thing is not null;
    }

    private int Queue(Work work)
    {
        (capture ?? queue).Add(work);
        return 0;
    }

    // Runs what is queued, up to an event.
    private int Run(nint until = 0)
    {
        if (capture is not null) return NotRecordable;
        var count = until == 0 ? queue.Count : queue.FindLastIndex(w => w.Event == until) + 1;
        var now = queue[..count];
        queue.RemoveRange(0, count);
        foreach (var work in now) work.Run();
        return 0;
    }

    private int Launch(nint function, GpuSize size, void** parameters)
    {
        if (!Is<Function>(function, out var kernel)) return InvalidHandle;
        if (size.DynamicShared > kernel.Shared) return InvalidValue;
        var program = kernel.Program;
        var bytes = new byte[program.ParameterBytes];
        for (var i = 0; i < program.Parameters.Count; i++)
            new ReadOnlySpan<byte>(parameters[i], program.Parameters[i].Bytes)
                .CopyTo(bytes.AsSpan(program.Parameters[i].Offset));
        return Queue(new(() =>
        {
            Launches++;
            SimMachine.Run(program, new SimLaunch(size, bytes, memory));
        }));
    }

    private nint Text(int key, string text)
    {
        if (!texts.TryGetValue(key, out var at)) texts[key] = at = Marshal.StringToCoTaskMemUTF8(text);
        return at;
    }

    private static string Read(nint text) => Marshal.PtrToStringUTF8(text)!;

    // A cubin of this driver: a mark and the text.
    private const string Mark = "mock cubin\n";

    private int LoadModule(nint result, nint image)
    {
        var text = Read(image);
        if (!text.StartsWith(Mark, StringComparison.Ordinal)) return InvalidImage;
        *(nint*)result = Add(new Module(text[Mark.Length..]));
        return 0;
    }

    private static int Assemble(Link link, nint result, nint size)
    {
        if (!link.Text.Contains(".entry", StringComparison.Ordinal)) return InvalidImage;
        var bytes = Encoding.UTF8.GetBytes(Mark + link.Text + '\0');
        link.Cubin = Marshal.AllocHGlobal(bytes.Length);
        bytes.CopyTo(new Span<byte>((void*)link.Cubin, bytes.Length));
        *(nint*)result = link.Cubin;
        *(nint*)size = bytes.Length;
        return 0;
    }
}
