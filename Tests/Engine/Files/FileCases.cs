using System.Buffers.Binary;
using System.Text;
using Diffract.Engine;
using NUnit.Framework;

namespace Diffract.Tests;

/// <summary>Files made for tests, and what is in files, for comparison.</summary>
internal static class FileCases
{
    /// <summary>A safetensors file with any header.</summary>
    public static byte[] Safetensors(string header, int dataBytes = 0) =>
        Safetensors(Encoding.UTF8.GetBytes(header), dataBytes);

    public static byte[] Safetensors(byte[] header, int dataBytes)
    {
        var file = new byte[8 + header.Length + dataBytes];
        BinaryPrimitives.WriteInt64LittleEndian(file, header.Length);
        header.CopyTo(file, 8);
        for (var i = 8 + header.Length; i < file.Length; i++) file[i] = (byte)i;
        return file;
    }

    /// <summary>Opens bytes as if they were a file.</summary>
    public static TensorFile Open(byte[] content) => TensorFile.Open(FileBytes.Copy("case", content));

    /// <summary>A path in a fresh folder that goes with the test.</summary>
    public static string TemporaryPath(string name)
    {
        var context = TestContext.CurrentContext;
        var folder = Path.Combine(context.WorkDirectory, "files-" + context.Test.ID);
        Directory.CreateDirectory(folder);
        return Path.Combine(folder, name);
    }

    /// <summary>Removes what <see cref="TemporaryPath"/> made.</summary>
    public static void RemoveTemporary()
    {
        var folder = Path.GetDirectoryName(TemporaryPath("x"))!;
        Directory.Delete(folder, recursive: true);
    }

    /// <summary>The elements as bytes, row-major.</summary>
    public static byte[] Bytes(Tensor tensor)
    {
        using var bytes = new MemoryStream();
        TensorBytes.Write(tensor, bytes.Write);
        return bytes.ToArray();
    }

    /// <summary>Asserts that two sets of tensors are the same, bit for bit, whatever their order.</summary>
    public static void AssertSame(
        IReadOnlyDictionary<string, Tensor> actual, IReadOnlyDictionary<string, Tensor> expected)
    {
        Assert.That(actual.Keys, Is.EquivalentTo(expected.Keys));
        foreach (var (name, tensor) in expected)
        {
            Assert.That(actual[name].DType, Is.EqualTo(tensor.DType), name);
            Assert.That(actual[name].Shape, Is.EqualTo(tensor.Shape), name);
            Assert.That(Bytes(actual[name]), Is.EqualTo(Bytes(tensor)), name);
        }
    }

    /// <summary>One tensor of each dtype, of ranks 0 to 3, one empty, with the values that are easily got
    /// wrong.</summary>
    public static Dictionary<string, Tensor> EveryDType() => new()
    {
        ["f32"] = Tensor.From([0f, -0f, float.NaN, float.PositiveInfinity, float.Epsilon, 1f / 3], [2, 3]),
        ["f64"] = Tensor.From(Math.PI, double.NegativeInfinity, double.Epsilon),
        ["f16"] = Tensor.From((Half)1.5f, Half.NaN, Half.MaxValue, Half.Epsilon, (Half)(-0f)),
        ["bf16"] = Tensor.From((BFloat16)1.5f, (BFloat16)float.NaN, (BFloat16)(-3e38f)),
        ["i64"] = Tensor.From([long.MinValue], []),
        ["i32"] = Tensor.From([int.MinValue, -1, 7], [3, 1, 1]),
        ["u8"] = Tensor.From<byte>(0, 255, 128),
        ["bool"] = Tensor.From(true, false, true),
        ["empty"] = Tensor.From<float>([], [0, 3]),
        ["a name: \"quoted\" \\ \u00fc\u4e2d\U0001f600 / \n"] = Tensor.From(1f),
    };
}
