using System.Linq.Expressions;
using System.Text;
using System.Text.RegularExpressions;
using Diffract.Autograd;
using Diffract.Engine;
using Diffract.Engine.Cuda;
using Diffract.Kernels;
using Diffract.Tests.Tasks;
using ILGPU;
using NUnit.Framework;

namespace Diffract.Tests.Kernels.Gpu;

/// <summary>Compiled texts on the disk.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class GpuTextsTests
{
    [Test]
    public void A_text_is_compiled_once_and_found_at_the_next_start()
    {
        using var folder = new TemporaryFolder();
        var cache = new KernelCache(folder.Path);
        var made = Again().For(80, cache);
        Assert.That(Unnumbered(made.Text), Is.EqualTo(Unnumbered(GpuCompiler.Compile(Again(), 80).Text)));
        var origin = GpuTexts.Origin(Again(), 80)!;
        Assert.That(Encoding.UTF8.GetString(cache.Find(origin)!), Is.EqualTo($"{made.Entry}\n{made.Text}"));
        // What no compiler writes.
        cache.Keep(origin, Encoding.UTF8.GetBytes("entry\nkept\ntext"));
        var found = Again().For(80, cache);
        Assert.That((found.Entry, found.Text), Is.EqualTo(("entry", "kept\ntext")));
    }

    [Test]
    public void A_damaged_text_is_compiled_anew()
    {
        using var folder = new TemporaryFolder();
        var cache = new KernelCache(folder.Path);
        var made = Again().For(80, cache);
        var path = Directory.GetFiles(folder.Path).Single();
        var bytes = File.ReadAllBytes(path);
        File.WriteAllBytes(path, [.. bytes[..50], (byte)(bytes[50] ^ 1), .. bytes[51..]]);
        var again = Again().For(80, cache);
        Assert.That(Unnumbered(again.Text), Is.EqualTo(Unnumbered(made.Text)));
        Assert.That(Again().For(80, cache).Text, Is.EqualTo(again.Text), "and kept");
    }

    [Test]
    public void Everything_a_text_is_made_from_is_in_its_key()
    {
        var kernel = Silu();
        string Origin(GpuKernel of, int architecture = 80) => GpuTexts.Origin(of, architecture)!;
        var all = new[]
        {
            Origin(kernel), Origin(kernel, 90), Origin(Again(128)), Origin(Of(x => x.Silu(), 63)),
            Origin(Of(x => x.Tanh())),
        };
        Assert.That(all, Is.Unique);
        Assert.That(Origin(Again()), Is.EqualTo(all[0]));
        foreach (var type in new[]
        {
            typeof(GpuKernel), typeof(GpuProgram), typeof(Context), typeof(ILGPU.Algorithms.XMath), typeof(object),
        }) Assert.That(all[0], Does.Contain($"{type.Module.ModuleVersionId}"));
    }

    [Test]
    public void Kernels_that_other_programs_have_a_part_in_are_not_kept()
    {
        using var folder = new TemporaryFolder();
        var kernel = new GpuKernel(Mine);
        Assert.That(GpuTexts.Origin(kernel, 80), Is.Null);
        kernel.For(80, new KernelCache(folder.Path));
        Assert.That(Directory.GetFiles(folder.Path), Is.Empty);
    }

    // The compiler numbers parameters on from one kernel to the next.
    private static string Unnumbered(string text) => Regex.Replace(text, @"_\d+\b", "");

    private static void Mine(ArrayView<float> x)
    {
        if (GpuThread.Index < x.Length) x[GpuThread.Index] = 1;
    }

    private static GpuKernel Silu() => Of(x => x.Silu());

    // As another process has it.
    private static GpuKernel Again(int threads = 256)
    {
        var method = Silu().Method;
        var type = Expression.GetDelegateType([.. method.GetParameters().Select(p => p.ParameterType), typeof(void)]);
        return new GpuKernel(method.CreateDelegate(type), threads);
    }

    // 64 numbers are read four at a time, 63 one by one.
    private static GpuKernel Of(Func<Tensor, Tensor> operation, int length = 64)
    {
        using var scope = Scope.Open();
        var device = new RecordingDevice();
        operation(Tensor.Empty([length], DType.Float32, device));
        return device.Kernels.OfType<GpuKernel>().Single();
    }
}
