using Diffract.Engine;

namespace Diffract.Autograd;

/// <summary>The packed forms of the weights in one storage, for weights that do not change from call to call: frozen
/// ones, and all of them in inference. Each remembers the version of the content it was made from. Safe for several
/// threads; a form that is replaced stays until the last call that uses it has ended.</summary>
internal sealed class PackedWeights : IDisposable
{
    private readonly Lock gate = new();
    private readonly Dictionary<(long Offset, object Form), Entry> entries = [];
    private bool disposed;

    private sealed record Entry(Storage Memory, int Version);

    /// <summary>A packed weight for the length of one call.</summary>
    /// <param name="storage">Where it is.</param>
    internal readonly struct Lease(Storage storage) : IDisposable
    {
        public View View => new(storage.Address, storage.Bytes / sizeof(float), DType.Float32);

        /// <summary>The memory as a tensor, which keeps it beyond the lease.</summary>
        public Tensor As(Shape shape, DType dtype) => new(storage, dtype, shape);

        public void Dispose() => storage.Release();
    }

    /// <summary>True when a call should keep the packed form of its weight for the next call: not when the weight is
    /// trained, and changes before it, or is itself made for this call.</summary>
    /// <param name="context">The call.</param>
    /// <param name="index">Which of its inputs is the weight.</param>
    /// <param name="weight">The weight.</param>
    public static bool ShouldKeep(OpContext context, int index, Tensor weight) =>
        !context.Needs(index) && !weight.Storage.IsTransient && !(GradMode.WillRunAgain && weight.RequiresGrad);

    /// <summary>The packed form of a weight, packed now when there is none of this version.</summary>
    /// <param name="weight">The weight, which must stay alive while the lease is used.</param>
    /// <param name="form">What kind of packing, comparable by value.</param>
    /// <param name="bytes">Size of the packed form.</param>
    /// <param name="pack">Fills the packed form.</param>
    public static Lease Get(Tensor weight, object form, long bytes, Action<View> pack) =>
        weight.Storage.CompanionOrNew<PackedWeights>().Find(weight, form, bytes, pack);

    /// <summary>A weight's numbers in another type, in their own order.</summary>
    /// <inheritdoc cref="Get"/>
    public static Lease Rounded(Tensor weight, DType type) => Get(weight, type, weight.Count * type.Size(), to =>
        Kernels.Cast.Forward.Run(weight.Device, weight.DType, new(weight.View,
            new View(to.Address, weight.Count, type))));

    /// <summary>Releases what was packed from a weight that is about to change.</summary>
    public static void Drop(Tensor weight) => weight.Storage.Companion<PackedWeights>()?.Clear();

    /// <summary>Bytes of the packed forms of a weight's storage.</summary>
    public static long BytesOf(Tensor weight) => weight.Storage.Companion<PackedWeights>()?.Bytes() ?? 0;

    public void Dispose()
    {
        disposed = true;
        Clear();
    }

    // Packing happens under the lock: a second thread that needs the same form waits instead of packing it again.
    private Lease Find(Tensor weight, object form, long bytes, Action<View> pack)
    {
        lock (gate)
        {
            ObjectDisposedException.ThrowIf(disposed, this);
            var key = (weight.Offset, form);
            var version = weight.Storage.Version;
            if (!entries.TryGetValue(key, out var entry) || entry.Version != version)
            {
                entry?.Memory.Release();
                entries.Remove(key);
                var memory = weight.Device.AllocateLasting(bytes);
                memory.AddReference();
                try
                {
                    pack(new View(memory.Address, bytes / sizeof(float), DType.Float32));
                }
                catch
                {
                    memory.Release();
                    throw;
                }
                entries[key] = entry = new Entry(memory, version);
                weight.Storage.ReleasePages();
            }
            entry.Memory.AddReference();
            return new Lease(entry.Memory);
        }
    }

    private void Clear()
    {
        lock (gate)
        {
            foreach (var entry in entries.Values) entry.Memory.Release();
            entries.Clear();
        }
    }

    private long Bytes()
    {
        lock (gate) return entries.Values.Sum(entry => entry.Memory.Bytes);
    }
}
