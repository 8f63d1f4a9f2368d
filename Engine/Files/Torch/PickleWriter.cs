using System.Buffers.Binary;
using System.Collections;
using System.Numerics;
using System.Text;

namespace Diffract.Engine;

/// <summary>Writes a tree as a pickle of protocol 2 that <c>torch.load</c> reads, also with <c>weights_only</c>. The
/// elements of the tensors it meets are for the caller to write.</summary>
/// <remarks>Nothing is put into the pickle's memo: names are written anew each time, a hundred bytes a
/// tensor.</remarks>
internal sealed class PickleWriter
{
    private const byte Protocol = 2;

    private readonly MemoryStream pickle = new();
    private readonly Dictionary<Tensor, int> keys = new(ReferenceEqualityComparer.Instance);

    /// <summary>The tensors met, each once; a tensor's position is the key of its storage.</summary>
    public List<Tensor> Tensors { get; } = [];

    /// <summary>The pickle of a tree.</summary>
    /// <exception cref="ArgumentException">It has something that files cannot hold, or is nested too
    /// deeply.</exception>
    public ReadOnlyMemory<byte> Write(object? root)
    {
        Put(PickleCode.Proto, Protocol);
        Value(root, 0);
        Put(PickleCode.Stop);
        return pickle.GetBuffer().AsMemory(0, (int)pickle.Length);
    }

    private void Value(object? value, int depth)
    {
        if (depth > TorchTree.MaxDepth)
            throw new ArgumentException($"nested deeper than {TorchTree.MaxDepth} levels, or containing itself");
        switch (value)
        {
            case null: Put(PickleCode.None); break;
            case bool truth: Put(truth ? PickleCode.NewTrue : PickleCode.NewFalse); break;
            case int number: Number(number); break;
            case long number: Number(number); break;
            case float number: Number((double)number); break;
            case double number: Number(number); break;
            case BigInteger number: Number(number); break;
            case string text: Text(text); break;
            case byte[] bytes: Sized(PickleCode.ShortBinBytes, PickleCode.BinBytes, bytes); break;
            case Tensor tensor: Tensor(tensor); break;
            case TensorTree tree: Tree(tree, depth); break;
            case object?[] tuple: Tuple(tuple, depth); break;
            case IList list: List(list, depth); break;
            case TensorInfo info:
                throw new ArgumentException($"{info.Name} is a description of a tensor; give the tensor itself");
            default: throw new ArgumentException($"a file cannot hold a {value.GetType().Name}");
        }
    }

    private void Tree(TensorTree tree, int depth)
    {
        if (tree.IsOrdered || tree.Attributes is not null)
        {
            Global("collections", "OrderedDict");
            Put(PickleCode.EmptyTuple, PickleCode.Reduce);
        }
        else
        {
            Put(PickleCode.EmptyDict);
        }
        if (tree.Count > 0)
        {
            Put(PickleCode.Mark);
            foreach (var (key, value) in tree)
            {
                Value(key, depth + 1);
                Value(value, depth + 1);
            }
            Put(PickleCode.SetItems);
        }
        if (tree.Attributes is null) return;
        Value(tree.Attributes, depth + 1);
        Put(PickleCode.Build);
    }

    private void List(IList list, int depth)
    {
        Put(PickleCode.EmptyList, PickleCode.Mark);
        foreach (var item in list) Value(item, depth + 1);
        Put(PickleCode.Appends);
    }

    private void Tuple(object?[] items, int depth)
    {
        Put(PickleCode.Mark);
        foreach (var item in items) Value(item, depth + 1);
        Put(PickleCode.Tuple);
    }

    // torch._utils._rebuild_tensor_v2(storage, offset, size, stride, requires_grad, backward_hooks)
    private void Tensor(Tensor tensor)
    {
        if (!keys.TryGetValue(tensor, out var key))
        {
            keys.Add(tensor, key = Tensors.Count);
            Tensors.Add(tensor);
        }
        Global("torch._utils", "_rebuild_tensor_v2");
        Put(PickleCode.Mark, PickleCode.Mark);
        Text("storage");
        Global("torch", TorchStorages.Of(tensor.DType));
        Text(key.ToString());
        Text("cpu");
        Number(tensor.Count);
        Put(PickleCode.Tuple, PickleCode.BinPersId);
        Number(0);
        Numbers(tensor.Shape.ToArray());
        Numbers(tensor.Shape.RowMajorStrides());
        Put(PickleCode.NewFalse);
        Global("collections", "OrderedDict");
        Put(PickleCode.EmptyTuple, PickleCode.Reduce, PickleCode.Tuple, PickleCode.Reduce);
    }

    private void Numbers(long[] numbers)
    {
        Put(PickleCode.Mark);
        foreach (var number in numbers) Number(number);
        Put(PickleCode.Tuple);
    }

    private void Number(long number)
    {
        Span<byte> bytes = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, number);
        if (number is >= 0 and <= byte.MaxValue) Put(PickleCode.BinInt1, bytes[0]);
        else if (number is >= int.MinValue and <= int.MaxValue)
        {
            Put(PickleCode.BinInt);
            pickle.Write(bytes[..sizeof(int)]);
        }
        else
        {
            Put(PickleCode.Long1, sizeof(long));
            pickle.Write(bytes);
        }
    }

    // Two's complement in as few bytes as it takes.
    private void Number(BigInteger number) => Sized(PickleCode.Long1, PickleCode.Long4, number.ToByteArray());

    private void Sized(byte shortCode, byte longCode, ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length <= byte.MaxValue) Put(shortCode, (byte)bytes.Length);
        else
        {
            Span<byte> length = stackalloc byte[sizeof(int)];
            BinaryPrimitives.WriteInt32LittleEndian(length, bytes.Length);
            Put(longCode);
            pickle.Write(length);
        }
        pickle.Write(bytes);
    }

    private void Number(double number)
    {
        Span<byte> bytes = stackalloc byte[sizeof(double)];
        BinaryPrimitives.WriteDoubleBigEndian(bytes, number);
        Put(PickleCode.BinFloat);
        pickle.Write(bytes);
    }

    private void Text(string text)
    {
        Span<byte> length = stackalloc byte[sizeof(int)];
        var bytes = FileText.ToUtf8(text);
        BinaryPrimitives.WriteInt32LittleEndian(length, bytes.Length);
        Put(PickleCode.BinUnicode);
        pickle.Write(length);
        pickle.Write(bytes);
    }

    private void Global(string module, string name)
    {
        Put(PickleCode.Global);
        pickle.Write(Encoding.ASCII.GetBytes($"{module}\n{name}\n"));
    }

    private void Put(params ReadOnlySpan<byte> codes) => pickle.Write(codes);
}
