namespace Diffract.Engine.Cuda;

/// <summary>A call of the driver that failed.</summary>
/// <param name="code">The driver's number of the error.</param>
/// <param name="function">The function's name.</param>
/// <param name="name">The error's name: CUDA_ERROR_….</param>
/// <param name="text">What the driver says of it.</param>
/// <param name="detail">What else is known, such as an assembler's messages; empty for nothing.</param>
internal sealed class CudaException(int code, string function, string name, string text, string detail = "")
    : DiffractException($"{Sentence(code, text)} ({function}: {(name.Length > 0 ? name : "error")} {code})"
        + (detail.Length > 0 ? $"\n{detail}" : ""))
{
    /// <summary>No memory is left.</summary>
    public const int OutOfMemory = 2;

    /// <summary>The driver's number of the error.</summary>
    public int Code { get; } = code;

    /// <summary>True for an error after which nothing on the device can be used by this process.</summary>
    public bool IsFatal => Code is 214 or 220 or 700 or 702 or 709 or 710 or (>= 714 and <= 719) or 999;

    /// <summary>Ends something whose failure is of no more interest: the reason for the end is, or nothing is.
    /// </summary>
    public static void Ignore(Action end)
    {
        try
        {
            end();
        }
        catch (CudaException)
        {
        }
    }

    private static string Sentence(int code, string text) => code switch
    {
        OutOfMemory => "the GPU has no memory left",
        3 or 4 => "the NVIDIA driver is shutting down",
        100 => "there is no NVIDIA GPU that this process may use (CUDA_VISIBLE_DEVICES may hide it)",
        101 => "there is no GPU of this number",
        200 or 300 => "the GPU's kernel is damaged or was made for another GPU",
        209 or 222 => "the NVIDIA driver is too old for this kernel: update it",
        214 => "the GPU's memory reports an error that cannot be corrected",
        218 => "a kernel's text has an error",
        700 => "a kernel touched memory that it must not (see --device sim, which names the place)",
        702 => "a kernel ran longer than the system allows",
        716 => "a kernel touched memory at an address that is not aligned (see --device sim)",
        719 => "a kernel failed",
        802 or 803 => "the NVIDIA driver and the system do not fit together: restart after an update of the driver",
        _ => $"the GPU failed: {text}",
    };
}
