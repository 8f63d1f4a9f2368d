using Diffract.Autograd;
using Diffract.Engine;

namespace Diffract.Tasks;

/// <summary>A section of code in which a device calculates in a precision; ends with <see cref="Dispose"/>.</summary>
public readonly ref struct PrecisionSection
{
    private readonly Autocast.Section half;
    private readonly MatMulSection products;

    internal PrecisionSection(NetworkPrecision precision, Device device)
    {
        half = Autocast.Use(precision.Half);
        products = MatMulSection.Use(device, precision.Products);
    }

    /// <summary>Restores what was before.</summary>
    public void Dispose()
    {
        products.Dispose();
        half.Dispose();
    }
}
