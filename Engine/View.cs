namespace Diffract.Engine;

/// <summary>Raw memory as kernels see it: an address on a device, a number of elements, their type. It owns nothing:
/// the tensor it came from must stay alive while a kernel runs.</summary>
public readonly unsafe struct View(nint address, long count, DType dtype)
{
    /// <summary>Address of the first element on the device; 0 for an absent optional argument.</summary>
    public readonly nint Address = address;

    /// <summary>Number of elements.</summary>
    public readonly long Count = count;

    /// <summary>Type of the elements.</summary>
    public readonly DType DType = dtype;

    /// <summary>False for an optional argument that was left out (<c>default(View)</c>).</summary>
    public bool Exists => Address != 0;

    /// <summary>The elements as a typed pointer; null when the view does not exist.</summary>
    public T* As<T>() where T : unmanaged => (T*)Address;

    /// <summary>The elements as floats.</summary>
    public float* F32 => (float*)Address;

    /// <summary>The elements as doubles.</summary>
    public double* F64 => (double*)Address;

    /// <summary>The elements as 64-bit integers.</summary>
    public long* I64 => (long*)Address;
}
