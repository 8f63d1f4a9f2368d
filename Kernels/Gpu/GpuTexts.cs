using System.Reflection;
using System.Text;
using Diffract.Engine;
using Diffract.Engine.Cuda;

namespace Diffract.Kernels;

/// <summary>Compiled kernels' texts on the disk: a start that finds all of its kernels there makes no compiler, which
/// takes longer than all that it then compiles. The compiler's names depend on what it has compiled before; a kept text
/// is the same whatever is run first, and so is what is assembled from it.</summary>
internal static class GpuTexts
{
    /// <summary>A kernel's text: the kept one, or a new one, which is kept.</summary>
    /// <param name="kernel">The kernel.</param>
    /// <param name="architecture">Ten times the compute capability of the device.</param>
    /// <param name="cache">Where texts are kept; null for nowhere.</param>
    /// <inheritdoc cref="GpuCompiler.Compile" path="/exception"/>
    public static GpuProgram Of(GpuKernel kernel, int architecture, KernelCache? cache)
    {
        if (cache is null || Origin(kernel, architecture) is not { } origin)
            return GpuCompiler.Compile(kernel, architecture);
        if (cache.Find(origin) is { } kept && Encoding.UTF8.GetString(kept).Split('\n', 2) is [var entry, var text])
            return new GpuProgram(entry, text);
        var made = GpuCompiler.Compile(kernel, architecture);
        cache.Keep(origin, Encoding.UTF8.GetBytes($"{made.Entry}\n{made.Text}"));
        return made;
    }

    /// <summary>All that a kernel's text depends on: the method, and the builds of whatever it may call and of its
    /// compiler. Null where other programs have a part in the method (a formula of their own): what that calls in turn
    /// is not known.</summary>
    /// <param name="kernel">The kernel.</param>
    /// <param name="architecture">Ten times the compute capability of the device.</param>
    public static string? Origin(GpuKernel kernel, int architecture)
    {
        Module[] known =
        [
            typeof(GpuTexts).Module, typeof(GpuProgram).Module, typeof(ILGPU.Context).Module,
            typeof(ILGPU.Algorithms.XMath).Module, typeof(object).Module,
        ];
        var method = kernel.Method;
        return known[0] == method.Module && AllIn(known, [method.DeclaringType!, .. method.GetGenericArguments()])
            ? $"text {architecture} {kernel.Threads} {method.DeclaringType} {method} {method.MetadataToken}"
                + string.Concat(known.Select(module => $"\n{module.ScopeName} {module.ModuleVersionId}"))
            : null;
    }

    private static bool AllIn(Module[] modules, Type[] types) => Array.TrueForAll(types, type =>
        Array.IndexOf(modules, type.Module) >= 0 && AllIn(modules, type.GetGenericArguments()));
}
