using System.Runtime.InteropServices;

namespace Diffract.Kernels;

/// <summary>Eight 16-bit floats, two a word and the first in its lower half, that a GPU's thread reads or writes with
/// one access of 16 bytes; their address must be a multiple of 16.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct Word4
{
    public uint X, Y, Z, W;
}
