using Diffract.Autograd;
using Diffract.Engine;
using Diffract.Engine.Cuda;
using Diffract.Kernels;
using Diffract.Tests.Engine.Cuda;
using Diffract.Tests.Kernels.Gpu.Mma;
using Diffract.Tests.Tasks;
using NUnit.Framework;

namespace Diffract.Tests.Kernels.Gpu.Tuning;

/// <summary>Products whose tile is found by trial: whichever wins, the bits are the same.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class ProductTuningTests
{
    // The texts of a product's tiles in the order of their first launches; the wanted one is the fastest.
    private sealed class Clock(int wanted) : IGpuClock
    {
        private readonly List<string> texts = [];

        public bool IsRunning => true;

        public string Last { get; private set; } = "";

        public int Ways => texts.Count;

        public int Winner => texts.IndexOf(Last);

        public string Note(string text)
        {
            if (!texts.Contains(text)) texts.Add(text);
            return Last = text;
        }

        public double Time(Action body)
        {
            body();
            return texts.IndexOf(Last) == wanted ? 1 : 2;
        }
    }

    private sealed record Problem(string Name, int Architecture, int Ways, Action<PlantingDevice, Tensor> Run,
        Shape Result);

    private static readonly Problem[] problems =
    [
        Product("mma, small tiles", 80, 2, MmaNumbers.Float16, 70, 72, 200),
        Product("mma, small tiles in parts", 80, 2, MmaNumbers.BFloat16, 24, 40, 2080),
        Product("mma, TF32", 80, 2, MmaNumbers.Tf32, 70, 72, 100),
        Product("mma, pairs of TF32", 80, 2, MmaNumbers.Tf32Pairs, 70, 72, 100, MmaTile.Paired),
        Product("mma, medium tiles", 80, 2, MmaNumbers.Float16, 70, 72, 200, MmaTile.Medium),
        Product("mma, medium tiles and wide", 80, 3, MmaNumbers.Float16, 70, 136, 104, MmaTile.Medium),
        Product("mma, large tiles in parts", 80, 3, MmaNumbers.Float16, 24, 136, 1064, MmaTile.Large),
        Product("wgmma", 90, 3, MmaNumbers.Float16, 130, 136, 200),
        Product("wgmma in parts", 90, 3, MmaNumbers.BFloat16, 72, 136, 1032),
        new("mma convolution", 80, 2, Convolve, [1, 6, 6, 72]),
        new("wgmma convolution", 90, 2, Convolve, [1, 6, 6, 72]),
        new("sums for a norm, mma", 80, 3, (device, c) => SumColumns(device, c, MmaTile.Medium), [2, 2, 136, 2]),
        new("sums for a norm, wgmma", 90, 3, (device, c) => SumColumns(device, c, null), [2, 2, 136, 2]),
    ];

    private static IEnumerable<TestCaseData> Problems() =>
        problems.Select(p => new TestCaseData(p).SetArgDisplayNames(p.Name));

    [TestCaseSource(nameof(Problems))]
    public void Every_tile_that_may_win_gives_the_same_bits(object of)
    {
        var problem = (Problem)of;
        byte[]? usual = null;
        for (var wanted = -1; wanted < problem.Ways; wanted++)
        {
            using var scope = Scope.Open();
            var clock = new Clock(wanted);
            var device = new PlantingDevice(
                new SimDevice(problem.Architecture), clock.Note, "Mma.Product", "Hopper.Product")
            {
                // Without a tuner at first.
                Tuner = wanted < 0 ? null : new GpuTuner(clock, null) { LeastWork = 0 },
            };
            var c = Tensor.Empty(problem.Result, DType.Float32, device.Sim);
            problem.Run(device, c);
            Assert.That(clock.Winner, Is.EqualTo(Math.Max(0, wanted)));
            if (wanted >= 0) Assert.That(clock.Ways, Is.EqualTo(problem.Ways));
            var bits = new byte[c.Shape.Count * sizeof(float)];
            device.Sim.Download(c.View.Address, bits);
            Assert.That(bits.AsSpan().SequenceEqual(usual ??= bits), $"way {wanted}");
        }
    }

    [Test]
    public void Small_products_are_not_tried() =>
        Assert.That(Tuned(new GpuTuner(new Clock(1), null)), Is.Zero);

    [Test]
    public void On_a_gpu_by_its_own_clock_once_and_kept()
    {
        using var folder = new TemporaryFolder();
        using (var driver = new MockDriver { Architecture = 90 })
        {
            using (var gpu = driver.Open(new CudaOptions { CacheFolder = folder.Path }))
            {
                Sensitise(gpu, folder.Path);
                // The mock's clock counts kernels. Three tiles run once and are timed in three rounds; the last run is
                // the caller's.
                Assert.That(Launches(driver, gpu), Is.EqualTo(3 * (1 + 3) + 1));
                Assert.That(Launches(driver, gpu), Is.EqualTo(1));
                Assert.That(Launches(driver, gpu, 75), Is.EqualTo(1), "hardly another shape");
                Assert.That(Launches(driver, gpu, 72, 264), Is.GreaterThan(1));
                Assert.That(gpu.Tuned.Values.ToArray(), Has.Length.EqualTo(2).And.All.StartsWith("128x128 "));
            }
            Assert.That((driver.Report, driver.Held), Is.EqualTo(("", "")));
        }
        using (var driver = new MockDriver { Architecture = 90 })
        using (var gpu = driver.Open(new CudaOptions { CacheFolder = folder.Path }))
        {
            Sensitise(gpu, folder.Path);
            Assert.That(Launches(driver, gpu), Is.EqualTo(1), "found on the disk");
        }
    }

    [Test]
    public void In_a_recording_nothing_is_tried()
    {
        using var driver = new MockDriver { Architecture = 90 };
        using var gpu = driver.Open();
        Sensitise(gpu, null);
        using var scope = Scope.Open();
        var (a, b) = Operands(gpu);
        var launches = driver.Count("cuLaunchKernel");
        using (gpu.Record(() => a.MatMul(b, false, true).Dispose())!) { }
        Assert.That(driver.Count("cuLaunchKernel") - launches, Is.EqualTo(1));
        Assert.That(gpu.Tuned, Is.Empty);
    }

    [Test]
    public void A_launch_that_fails_in_a_trial_is_an_error_like_any_other()
    {
        using var driver = new MockDriver { Architecture = 90 };
        using var gpu = driver.Open();
        Sensitise(gpu, null);
        using var scope = Scope.Open();
        var (a, b) = Operands(gpu);
        driver.Fail("cuLaunchKernel", driver.Count("cuLaunchKernel") + 5, 304);
        Assert.That(() => a.MatMul(b, false, true),
            Throws.TypeOf<DeviceException>().With.Message.Contains("cuLaunchKernel"));
        Assert.That(gpu.Tuned, Is.Empty);
        Assert.That(a.MatMul(b, false, true).Shape, Is.EqualTo(Shape.Of([72, 136])), "and the next trial goes on");
    }

    [Test]
    public void Without_room_for_a_trial_the_usual_tile_is_taken()
    {
        using var driver = new MockDriver { Architecture = 90, TotalMemory = 8 << 20 };
        using var gpu = driver.Open();
        Sensitise(gpu, null);
        using var scope = Scope.Open();
        var (a, b) = Operands(gpu);
        var c = Tensor.Empty([72, 136], DType.Float16, gpu);
        // All that is left; the pool takes memory in pieces.
        for (var piece = 4 << 20; piece >= 256; piece /= 2)
            try
            {
                while (true) Tensor.Empty([piece], DType.UInt8, gpu);
            }
            catch (OutOfDeviceMemoryException)
            {
            }
        Run(gpu, a, b, c);
        Assert.That(c.ToArray<Half>().Any(v => v != default));
        Assert.That(gpu.Tuned, Has.Count.EqualTo(1));
    }

    [Test]
    public void A_device_may_do_without()
    {
        using var driver = new MockDriver();
        using var gpu = driver.Open(new CudaOptions { CacheFolder = null, Tuning = false });
        Assert.That(gpu.Tuner, Is.Null);
        Assert.That(new SimDevice().Tuner, Is.Null, "the interpreter's time means nothing");
    }

    // Products of tests are small.
    private static void Sensitise(CudaDevice gpu, string? folder)
    {
        var file = folder is null ? null : new TuningFile(folder, gpu.Model, gpu.DriverVersion);
        gpu.Tuner = new GpuTuner(gpu, file) { LeastWork = 0 };
    }

    private static (Tensor A, Tensor B) Operands(Device device, int rows = 72, int depth = 136) => (
        MmaLab.Make(MmaNumbers.Float16, 1, [rows, depth], device),
        MmaLab.Make(MmaNumbers.Float16, 2, [136, depth], device));

    private static int Launches(MockDriver driver, CudaDevice gpu, int rows = 72, int depth = 136)
    {
        using var scope = Scope.Open();
        var (a, b) = Operands(gpu, rows, depth);
        var before = driver.Count("cuLaunchKernel");
        a.MatMul(b, false, true).ToArray<Half>();
        return driver.Count("cuLaunchKernel") - before;
    }

    // Kernels beyond the one that is needed.
    private static int Tuned(GpuTuner tuner)
    {
        using var scope = Scope.Open();
        var launches = 0;
        var device = new PlantingDevice(new SimDevice(90), Count, "Hopper.Product") { Tuner = tuner };
        Product("", 90, 3, MmaNumbers.Float16, 72, 136, 136).Run(
            device, Tensor.Empty([72, 136], DType.Float32, device.Sim));
        return launches - 1;

        string Count(string text)
        {
            launches++;
            return text;
        }
    }

    private static void Run(GpuDevice device, Tensor a, Tensor b, Tensor c) =>
        Multiply(device, MmaNumbers.Float16, a, b, c, 72, 136, 136, null);

    private static Problem Product(string name, int architecture, int ways, MmaNumbers numbers, int rows, int columns,
        int depth, MmaTile? tile = null) => new(name, architecture, ways, (device, c) => Multiply(device, numbers,
            MmaLab.Make(numbers, 1, [rows, depth], device.Sim), MmaLab.Make(numbers, 2, [columns, depth], device.Sim),
            c, rows, columns, depth, tile), [rows, columns]);

    private static void Multiply(GpuDevice device, MmaNumbers numbers, Tensor a, Tensor b, Tensor c, int rows,
        int columns, int depth, MmaTile? tile) => MatMul.RunMma(device, new()
        {
            A = a.View,
            B = b.View,
            C = c.View,
            Rows = rows,
            Columns = columns,
            Depth = depth,
            TransposeB = true,
        }, numbers, tile);

    // The result is what a norm gets of the product: two float64 numbers of each sample and column.
    private static void SumColumns(PlantingDevice device, Tensor sums, MmaTile? tile)
    {
        var a = MmaLab.Make(MmaNumbers.Float16, 1, [128, 104], device.Sim);
        var b = MmaLab.Make(MmaNumbers.Float16, 2, [136, 104], device.Sim);
        var c = Tensor.Empty([128, 136], DType.Float16, device.Sim);
        var wish = new ChannelSums(new View(sums.View.Address, sums.Count / 2, DType.Float64), 64);
        MatMul.RunMma(device, new()
        {
            A = a.View,
            B = b.View,
            C = c.View,
            Rows = 128,
            Columns = 136,
            Depth = 104,
            TransposeB = true,
            Sums = wish,
        }, MmaNumbers.Float16, tile);
        Assert.That(wish.IsFilled);
    }

    private static void Convolve(PlantingDevice device, Tensor y)
    {
        var g = Conv2dGeometry.Of([1, 6, 6, 40], [72, 40, 3, 3], 1, 1, 1, 1);
        var x = MmaLab.Make(MmaNumbers.Float16, 1, [1, 6, 6, 40], device.Sim);
        var weight = MmaLab.Make(MmaNumbers.Float16, 2, [72, 40, 3, 3], device.Sim);
        Conv2d.ForwardMma(device, new()
        {
            Input = x.View,
            Weight = weight.View,
            Output = y.View,
            Geometry = g,
        }, MmaNumbers.Float16);
    }
}
