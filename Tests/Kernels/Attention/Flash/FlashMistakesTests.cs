using System.Text.RegularExpressions;
using Diffract.Engine;
using Diffract.Engine.Sim;
using Diffract.Kernels;
using Diffract.Tests.Kernels.Gpu;
using NUnit.Framework;

namespace Diffract.Tests.Kernels.Flash;

/// <summary>Mistakes that are put into the text of attention's kernels do not stay unnoticed: the simulated device
/// reports them, or the result is wrong.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed partial class FlashMistakesTests
{
    private const string Forward = "QkvAttention.FlashForward", Keys = "QkvAttention.FlashKeyGradient";
    private const string Queries = "QkvAttention.FlashQueryGradient";

    [Test]
    public void A_missing_barrier_is_noticed([Values(Forward, Keys, Queries)] string kernel) =>
        Check(kernel, text => text.Replace("bar.sync 0;", "", StringComparison.Ordinal));

    [Test]
    public void A_wait_for_too_few_copies_is_noticed([Values(Forward, Keys, Queries)] string kernel) =>
        Check(kernel, text => Wait().Replace(text,
            m => $"cp.async.wait_group {int.Parse(m.Groups[1].Value, null) + 1};"));

    [Test]
    public void Exchanged_registers_of_a_left_operand_are_noticed([Values(Forward, Keys, Queries)] string kernel) =>
        Check(kernel, text => Product().Replace(text, "$1{$2, $4, $3, $5}"));

    [Test]
    public void Exchanged_registers_of_a_turned_operand_are_noticed([Values(Forward, Keys, Queries)] string kernel) =>
        Check(kernel, text => Turned().Replace(text, "$1{$3, $2"));

    [Test]
    public void A_forgotten_mask_is_noticed([Values(Forward, Queries)] string kernel) =>
        Check(kernel, text => Mask().Replace(text, ""), FlashAttentionTests.Low(DType.Float16));

    [Test]
    public void A_forgotten_correction_for_a_larger_score_is_noticed() => Check(Forward,
        text => Correction().Replace(text, "mov.f32 $2, 0f3F800000;"));

    [Test]
    public void Copies_behind_the_last_token_are_noticed([Values(Forward, Keys, Queries)] string kernel) =>
        Check(kernel, text => text.Replace(", 16, 0, %p", ", 16, 16, %p", StringComparison.Ordinal));

    [Test]
    public void Rows_written_behind_the_last_token_are_noticed([Values(Forward, Keys, Queries)] string kernel) =>
        Check(kernel, text => Stored().Replace(text, "st.global.v4"));

    private static void Check(string kernel, Func<string, string> plant, FlashLab? lab = null)
    {
        lab ??= new FlashLab(DType.Float16, 1, 150, 1, 64, QkvOrder.New);
        var device = new PlantingDevice(new SimDevice(), plant, kernel);
        string? noticed;
        try
        {
            noticed = lab.Difference(lab.Run(device));
        }
        catch (SimException e)
        {
            noticed = e.Message;
        }
        Assert.That(device.HasChanged, "nothing was planted");
        Assert.That(noticed, Is.Not.Null);
    }

    [GeneratedRegex(@"cp\.async\.wait_group (\d+);")]
    private static partial Regex Wait();

    [GeneratedRegex(@"(mma\.sync\S+ \{[^}]*\}, )\{(%r\d+), (%r\d+), (%r\d+), (%r\d+)\}")]
    private static partial Regex Product();

    [GeneratedRegex(@"(ldmatrix\S+\.trans\.shared\.b16 )\{(%r\d+), (%r\d+)")]
    private static partial Regex Turned();

    [GeneratedRegex(@"@%p\d+ mov\.f32 %f\d+, 0fFF800000;")]
    private static partial Regex Mask();

    [GeneratedRegex(@"sub\.rn\.f32 (%f\d+), %f\d+, %f\d+;\n\tex2\.approx\.ftz\.f32 (%f\d+), \1;")]
    private static partial Regex Correction();

    [GeneratedRegex(@"@%p\d+ st\.global\.v4")]
    private static partial Regex Stored();
}
