using Diffract.Benchmarks.Gpu;
using Diffract.Benchmarks.Worker;
using Diffract.Engine;

// What a machine with a GPU and without the SDK needs to measure: see run.sh.
const string usage = """
    usage: diffract-gpu report DEVICE
           diffract-gpu worker DEVICE PRECISION [record]
           diffract-gpu verify DEVICE PRECISION FOLDER [GLOB...]
           diffract-gpu outputs DEVICE PRECISION FILE
           diffract-gpu repeat DEVICE PRECISION CASE TIMES

    DEVICE is cuda, cuda:N, sim or cpu; PRECISION is float32, tf32x3, tf32, float16 or bfloat16. With --no-tuning
    before the verb, products have the usual tiles.
    """;
var tunes = args is not ["--no-tuning", ..];
if (!tunes) args = args[1..];
if (args is not [var verb, var deviceName, .. var rest])
{
    Console.Error.WriteLine(usage);
    return 2;
}
try
{
    var device = GpuMode.Open(deviceName, tunes);
    using var owned = device as CudaDevice;
    switch (verb, rest)
    {
        case ("report", []):
            GpuReport.Write(device, Console.Out);
            return 0;
        case ("worker", [var precision]):
            PeerWorker.Run(GpuMode.Of(device, precision), null, Console.In, Console.Out);
            return 0;
        case ("worker", [var precision, "record"]):
            PeerWorker.Run(GpuMode.Of(device, precision) with { Records = true }, null, Console.In, Console.Out);
            return 0;
        case ("verify", [var precision, var folder, .. var globs]):
            return GpuVerify.Run(GpuMode.Of(device, precision), folder, globs, Console.Out);
        case ("outputs", [var precision, var file]):
            GpuOutputs.Write(GpuMode.Of(device, precision), file);
            GpuReport.WriteTuned(device, Console.Out);
            return 0;
        case ("repeat", [var precision, var name, var times]):
            return GpuRepeat.Run(GpuMode.Of(device, precision), name,
                int.Parse(times, System.Globalization.CultureInfo.InvariantCulture), Console.Out);
        default:
            Console.Error.WriteLine(usage);
            return 2;
    }
}
catch (DiffractException e)
{
    Console.Error.WriteLine($"diffract-gpu: {e.Message}");
    return 1;
}
