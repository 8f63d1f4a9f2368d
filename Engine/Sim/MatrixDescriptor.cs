namespace Diffract.Engine.Sim;

/// <summary>A matrix in shared memory as <c>wgmma</c> takes it: a 64-bit descriptor (section 9.7.15.5.1.2.2). Elements
/// lie in pieces of 16 bytes along the axis that the matrix is major in; eight pieces across are an atom.</summary>
/// <param name="Start">First byte.</param>
/// <param name="Leading">Leading dimension byte offset.</param>
/// <param name="Stride">Stride dimension byte offset.</param>
/// <param name="BaseOffset">Which 128 bytes of the swizzling pattern stand at a multiple of its length.</param>
/// <param name="Wide">Pieces side by side that are exchanged: 1 for none, 2, 4, 8.</param>
internal readonly record struct MatrixDescriptor(int Start, int Leading, int Stride, int BaseOffset, int Wide)
{
    private const int Piece = 16;

    /// <summary>What 64 bits say.</summary>
    public static MatrixDescriptor Parse(ulong bits)
    {
        var mode = (int)(bits >> 62);
        var offset = (int)(bits >> 49 & 7);
        if (mode == 0 && offset != 0)
            throw new SimException($"matrix descriptor {bits:x16}: a base offset without swizzling");
        return new(Field(bits), Field(bits >> 16), Field(bits >> 32), offset, mode == 0 ? 1 : 16 >> mode);
    }

    /// <summary>Where the piece lies that has an element.</summary>
    /// <param name="major">The element's index along the axis that pieces run along, a multiple of
    /// <paramref name="each"/>.</param>
    /// <param name="minor">Its index along the other axis.</param>
    /// <param name="each">Elements of a piece.</param>
    /// <param name="alongDepth">True when pieces run along the depth K (K-major).</param>
    public int Address(int major, int minor, int each, bool alongDepth)
    {
        int piece = major / each, atom = minor / 8, row = minor % 8;
        var at = Start + row * Wide * Piece + (alongDepth, Wide) switch
        {
            (true, 1) => atom * Stride + piece * Leading,
            (true, _) => atom * Stride + piece * Piece,
            (false, 1) => atom * Leading + piece * Stride,
            _ => atom * Stride + piece / Wide * Leading + piece % Wide * Piece,
        };
        return Swizzled(at, BaseOffset, Wide);
    }

    /// <summary>Where a byte goes when the pieces of every 128 bytes are exchanged: as the 128 bytes are counted, the
    /// number of a piece is combined with theirs.</summary>
    /// <param name="address">The byte's address without.</param>
    /// <param name="baseOffset">Which 128 bytes the pattern starts at.</param>
    /// <param name="wide">Pieces that are exchanged: 1 for none, 2, 4, 8.</param>
    public static int Swizzled(int address, int baseOffset, int wide) =>
        address ^ (((address >> 7) - baseOffset) & (wide - 1)) << 4;

    private static int Field(ulong bits) => (int)(bits & 0x3FFF) << 4;
}
