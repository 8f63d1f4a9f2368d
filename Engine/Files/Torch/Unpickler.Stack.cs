using System.Runtime.InteropServices;

namespace Diffract.Engine;

/// <content>Stack, marks, memo, containers.</content>
internal ref partial struct Unpickler
{
    /// <summary>Values below the last mark are out of reach.</summary>
    private readonly int Floor => marks.Count > 0 ? marks[^1] : 0;

    private readonly void Push(object? value) => stack.Add(value);

    private readonly object? Peek() =>
        stack.Count > Floor ? stack[^1] : throw Error("an instruction needs a value, and the stack has none");

    private readonly object? Pop()
    {
        var value = Peek();
        stack.RemoveAt(stack.Count - 1);
        return value;
    }

    private readonly void Drop()
    {
        if (marks.Count > 0 && stack.Count == Floor) marks.RemoveAt(marks.Count - 1);
        else Pop();
    }

    private readonly object?[] PopLast(int count)
    {
        if (stack.Count - Floor < count) throw Error($"an instruction needs {count} values, the stack has fewer");
        return PopFrom(stack.Count - count);
    }

    private readonly object?[] PopMark()
    {
        if (marks.Count == 0) throw Error("an instruction needs a mark, and none is set");
        var start = marks[^1];
        marks.RemoveAt(marks.Count - 1);
        return PopFrom(start);
    }

    private readonly object?[] PopFrom(int start)
    {
        if (start == stack.Count) return [];
        var values = CollectionsMarshal.AsSpan(stack)[start..].ToArray();
        stack.RemoveRange(start, values.Length);
        return values;
    }

    // An honest pickle numbers its memo from 0 up, two bytes or more an entry: an index beyond the bytes read so far
    // can only be there to make the memo huge.
    private readonly void Remember(int index)
    {
        if (index >= at) throw Error($"memo entry {index} after {at} bytes: a memo bomb");
        while (memo.Count <= index) memo.Add(unset);
        memo[index] = Peek();
    }

    private readonly object? Recall(int index) => index < memo.Count && memo[index] != unset
        ? memo[index]
        : throw Error($"memo entry {index} was never set");

    private readonly List<object?> PeekList() => Peek() as List<object?>
        ?? throw Error($"a value is appended to {Kind(Peek())}, not to a list");

    private readonly TensorTree PeekTree() => Peek() as TensorTree
        ?? throw Error($"an item is set in {Kind(Peek())}, not in a dictionary");

    private readonly void Append()
    {
        var value = Pop();
        PeekList().Add(value);
    }

    private readonly void Appends()
    {
        var values = PopMark();
        PeekList().AddRange(values);
    }

    private readonly void SetItem()
    {
        object? value = Pop(), key = Pop();
        SetItem(PeekTree(), key, value);
    }

    private readonly void SetItems()
    {
        var items = PopMark();
        SetItems(PeekTree(), items);
    }

    private readonly TensorTree SetItems(TensorTree tree, object?[] items)
    {
        if (items.Length % 2 != 0) throw Error("a key without a value");
        for (var i = 0; i < items.Length; i += 2) SetItem(tree, items[i], items[i + 1]);
        return tree;
    }

    private readonly void SetItem(TensorTree tree, object? key, object? value)
    {
        if (!TensorTree.IsKey(key)) throw Error($"a dictionary key that is {Kind(key)}");
        tree[key!] = value;
    }

    /// <summary>What a value is, for messages.</summary>
    private static string Kind(object? value) => value switch
    {
        null => "None",
        bool => "a bool",
        string => "a string",
        double => "a float",
        byte[] => "bytes",
        object?[] => "a tuple",
        List<object?> => "a list",
        TensorTree => "a dictionary",
        TensorInfo => "a tensor",
        TorchStorage => "a storage",
        PickleGlobal global => global.Name,
        _ => "an integer",
    };
}
