namespace Diffract.Engine.Cuda;

/// <summary>Times what a device does.</summary>
internal interface IGpuClock
{
    /// <summary>False while nothing can be timed, because kernels are recorded instead of run.</summary>
    bool IsRunning { get; }

    /// <summary>Milliseconds that the device spends on what <paramref name="body"/> queues.</summary>
    double Time(Action body);
}
