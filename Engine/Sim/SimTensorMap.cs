using System.Buffers.Binary;

namespace Diffract.Engine.Sim;

/// <summary>Tensor maps as the simulated device encodes them. The hardware's 128 bytes are not published; these say the
/// same and begin with a number that nothing else begins with.</summary>
internal static class SimTensorMap
{
    private const ulong Magic = 0x70_61_4D_72_6F_73_6E_54;
    private const int Sizes = 24, Strides = 44, Boxes = 76, Steps = 96, Axes = 5;

    /// <summary>The 128 bytes.</summary>
    public static byte[] Encode(TensorMap map)
    {
        var bytes = new byte[TensorMap.Bytes];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, Magic);
        bytes[8] = (byte)map.Sizes.Count;
        bytes[9] = (byte)map.Element;
        bytes[10] = (byte)map.Swizzle;
        bytes[11] = (byte)map.Promotion;
        bytes[12] = map.FillsNaN ? (byte)1 : (byte)0;
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(16), map.Address);
        for (var i = 0; i < map.Sizes.Count; i++)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(Sizes + 4 * i), (uint)(map.Sizes[i] - 1));
            BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(Boxes + 2 * i), (ushort)map.Box[i]);
            bytes[Steps + i] = (byte)map.Steps[i];
            if (i > 0) BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(Strides + 8 * i - 8), map.Strides[i - 1]);
        }
        return bytes;
    }

    /// <summary>The map that 128 bytes encode.</summary>
    /// <exception cref="SimException">They are none.</exception>
    public static TensorMap Decode(ReadOnlySpan<byte> bytes)
    {
        if (BinaryPrimitives.ReadUInt64LittleEndian(bytes) != Magic || bytes[8] is < 1 or > Axes)
            throw new SimException("what lies there is no tensor map of the simulated device");
        int axes = bytes[8];
        long[] sizes = new long[axes], strides = new long[axes - 1];
        int[] box = new int[axes], steps = new int[axes];
        for (var i = 0; i < axes; i++)
        {
            sizes[i] = BinaryPrimitives.ReadUInt32LittleEndian(bytes[(Sizes + 4 * i)..]) + 1L;
            box[i] = BinaryPrimitives.ReadUInt16LittleEndian(bytes[(Boxes + 2 * i)..]);
            steps[i] = bytes[Steps + i];
            if (i > 0) strides[i - 1] = BinaryPrimitives.ReadInt64LittleEndian(bytes[(Strides + 8 * i - 8)..]);
        }
        try
        {
            return new TensorMap((TensorMapElement)bytes[9], (nint)BinaryPrimitives.ReadInt64LittleEndian(bytes[16..]),
                sizes, strides, box, steps, (TensorMapSwizzle)bytes[10], (TensorMapPromotion)bytes[11], bytes[12] != 0);
        }
        catch (ArgumentException e)
        {
            throw new SimException($"what lies there was a tensor map and has been written over: {e.Message}", e);
        }
    }
}
