using Diffract.Engine;
using Diffract.Engine.Sim;
using NUnit.Framework;

namespace Diffract.Tests.Engine.Sim;

/// <summary>What a tensor map may say, and that it says the same once it is encoded.</summary>
[Parallelizable(ParallelScope.All)]
public sealed class TensorMapTests
{
    [Test]
    public void Is_the_same_after_encoding()
    {
        var address = 0x7F00_1234_5670;
        var map = new TensorMap(TensorMapElement.BFloat16, (nint)address, [1L << 32, 7, 5, 3, 2],
            [1L << 33, 48, 1L << 39, 64], [64, 7, 256, 1, 2], [1, 2, 8, 1, 1], TensorMapSwizzle.Span128,
            TensorMapPromotion.Bytes256, fillsNaN: true);
        var bytes = new SimDevice(90).Encode(map);
        Assert.That(bytes, Has.Length.EqualTo(128));
        var found = SimTensorMap.Decode(bytes);
        Assert.That((found.Element, found.Address, found.Swizzle, found.Promotion, found.FillsNaN),
            Is.EqualTo((map.Element, map.Address, map.Swizzle, map.Promotion, map.FillsNaN)));
        Assert.That(found.Sizes, Is.EqualTo(map.Sizes));
        Assert.That(found.Strides, Is.EqualTo(map.Strides));
        Assert.That(found.Box, Is.EqualTo(map.Box));
        Assert.That(found.Steps, Is.EqualTo(map.Steps));
        Assert.That(found.BoxBytes, Is.EqualTo(64 * 2 * 4 * 32 * 1 * 2));
    }

    [Test]
    public void Other_bytes_are_none()
    {
        Assert.That(() => SimTensorMap.Decode(new byte[128]), Throws.TypeOf<SimException>());
        var bytes = SimTensorMap.Encode(Map());
        bytes[96] = 9;
        Assert.That(() => SimTensorMap.Decode(bytes),
            Throws.TypeOf<SimException>().With.Message.Contains("written over"));
    }

    [Test]
    public void Older_devices_have_none() =>
        Assert.That(() => new SimDevice().Encode(Map()), Throws.TypeOf<DiffractException>());

    private static IEnumerable<TestCaseData> Wrong()
    {
        yield return Case(() => Map(address: 8), "multiple of 16");
        yield return Case(() => Map(sizes: []), "1 to 5 axes");
        yield return Case(() => Map(sizes: [8, 8, 8], strides: [32], box: [8, 8, 8]), "2 strides");
        yield return Case(() => Map(box: [8]), "box sizes");
        yield return Case(() => Map(sizes: [0, 8]), "0 elements");
        yield return Case(() => Map(sizes: [8, (1L << 32) + 1]), "4294967297 elements");
        yield return Case(() => Map(strides: [24]), "24 bytes");
        yield return Case(() => Map(strides: [1L << 40]), "below 2^40");
        yield return Case(() => Map(box: [8, 257]), "257 elements");
        yield return Case(() => Map(box: [8, 0]), "0 elements");
        yield return Case(() => Map(box: [4, 8]), "8 bytes");
        yield return Case(() => Map(steps: [1, 9]), "allowed are 1 to 8");
        yield return Case(() => Map(steps: [2, 1]), "innermost");
        yield return Case(() => Map(box: [32, 8], swizzle: TensorMapSwizzle.Span32), "it may have 32");
        yield return Case(() => Map(box: [64, 8], swizzle: TensorMapSwizzle.Span64), "it may have 64");
        yield return Case(() => Map(box: [128, 8], swizzle: TensorMapSwizzle.Span128), "it may have 128");
        yield return Case(() => Map(element: TensorMapElement.Int32, fillsNaN: true), "no NaN");

        static TestCaseData Case(Action make, string message) =>
            new TestCaseData(make, message).SetArgDisplayNames(message);
    }

    [TestCaseSource(nameof(Wrong))]
    public void Says_what_the_hardware_would_not_take(Action make, string message) =>
        Assert.That(make, Throws.ArgumentException.With.Message.Contains(message));

    private static TensorMap Map(TensorMapElement element = TensorMapElement.Float16, nint address = 256,
        long[]? sizes = null, long[]? strides = null, int[]? box = null, int[]? steps = null,
        TensorMapSwizzle swizzle = TensorMapSwizzle.None, bool fillsNaN = false) =>
        new(element, address, sizes ?? [128, 8], strides ?? [256], box ?? [8, 8], steps, swizzle, fillsNaN: fillsNaN);
}
