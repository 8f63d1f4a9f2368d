using System.Collections;
using System.Diagnostics.CodeAnalysis;

namespace Diffract.Engine;

/// <summary>A dictionary of a PyTorch file, or one to be written to such a file: training checkpoints nest them.
/// Keys are <see cref="string"/>, <see cref="long"/>, <see cref="double"/> or <see cref="bool"/>, in the file's order.
/// Values are null, <see cref="bool"/>, <see cref="long"/>, <see cref="double"/>, <see cref="string"/>,
/// <see cref="System.Numerics.BigInteger"/> and <c>byte[]</c>; <see cref="TensorTree"/> for a dictionary, a
/// <see cref="List{T}"/> of objects for a list and <c>object[]</c> for a tuple (both are
/// <see cref="IReadOnlyList{T}"/>); <see cref="TensorInfo"/> for a tensor that was read, <see cref="Tensor"/> for one
/// that is to be written.</summary>
public sealed class TensorTree : IReadOnlyDictionary<object, object?>
{
    private readonly OrderedDictionary<object, object?> entries = new(KeyComparer.Instance);

    /// <summary>The value under a key.</summary>
    /// <exception cref="KeyNotFoundException">There is no such key.</exception>
    /// <exception cref="ArgumentException">A key is of a type that files do not have.</exception>
    public object? this[object key]
    {
        get => entries.TryGetValue(Key(key), out var value)
            ? value
            : throw new KeyNotFoundException($"no key {Name(key)}; there are "
                + string.Join(", ", Keys.Take(8).Select(Name)) + (Count > 8 ? "..." : ""));
        set => entries[Key(key)] = value;
    }

    /// <summary>Attributes that a dictionary carries beside its entries, as the <c>_metadata</c> of a module's state;
    /// null for most.</summary>
    public TensorTree? Attributes { get; set; }

    /// <summary>True for a <c>collections.OrderedDict</c>.</summary>
    public bool IsOrdered { get; set; }

    /// <summary>Number of entries.</summary>
    public int Count => entries.Count;

    /// <summary>The keys in order.</summary>
    public IEnumerable<object> Keys => entries.Keys;

    /// <summary>The values in order.</summary>
    public IEnumerable<object?> Values => entries.Values;

    /// <summary>Adds an entry; for initialisers.</summary>
    public void Add(object key, object? value) => entries.Add(Key(key), value);

    /// <summary>True when there is such a key.</summary>
    public bool ContainsKey(object key) => entries.ContainsKey(Key(key));

    /// <summary>Finds a value.</summary>
    public bool TryGetValue(object key, [MaybeNullWhen(false)] out object? value) =>
        entries.TryGetValue(Key(key), out value);

    /// <summary>The entries in order.</summary>
    public IEnumerator<KeyValuePair<object, object?>> GetEnumerator() => entries.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>The entry at a position, for walks that replace values.</summary>
    internal KeyValuePair<object, object?> At(int position) => entries.GetAt(position);

    internal void SetAt(int position, object? value) => entries.SetAt(position, value);

    internal static bool IsKey(object? key) => key is string or long or bool or double;

    private static object Key(object key) => key switch
    {
        string or long or bool or double => key,
        int number => (long)number,
        _ => throw new ArgumentException($"a key is a string, a number or a bool, not {key.GetType().Name}"),
    };

    private static string Name(object key) => FileText.Quote(Convert.ToString(key) ?? "");

    /// <summary>Compares keys as the base library does, but mixes numbers with a seed: a file could otherwise choose
    /// them so that all collide, and a dictionary of many would take minutes.</summary>
    private sealed class KeyComparer : IEqualityComparer<object>
    {
        public static readonly KeyComparer Instance = new();

        public new bool Equals(object? x, object? y) => object.Equals(x, y);

        public int GetHashCode(object obj) => obj switch
        {
            long number => HashCode.Combine((int)number, (int)(number >> 32)),
            double number => BitConverter.DoubleToInt64Bits(number) is var bits
                ? HashCode.Combine((int)bits, (int)(bits >> 32), 1)
                : 0,
            _ => obj.GetHashCode(),
        };
    }
}
