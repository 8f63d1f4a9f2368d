using System.Runtime.InteropServices;

namespace Diffract.Kernels;

/// <summary>Eight neighbouring numbers in a GPU's registers: a thread reads and writes them with accesses of 16 bytes.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal struct Float8
{
    public Float4 Low, High;
}
