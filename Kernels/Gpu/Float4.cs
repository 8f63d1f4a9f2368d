using System.Runtime.InteropServices;

namespace Diffract.Kernels;

/// <summary>Four floats that a GPU's thread reads or writes with one access of 16 bytes; their address must be a
/// multiple of 16.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct Float4
{
    public float X, Y, Z, W;
}
