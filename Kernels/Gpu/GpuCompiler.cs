using Diffract.Engine;
using ILGPU;
using ILGPU.Backends.EntryPoints;
using ILGPU.Backends.PTX;
using ILGPU.Runtime;
using ILGPU.Runtime.CPU;
using ILGPU.Runtime.Cuda;

namespace Diffract.Kernels;

/// <summary>From a method to PTX: ILGPU compiles, and its text is corrected where a driver would read it otherwise than
/// it was meant.</summary>
internal static class GpuCompiler
{
    private static readonly Lock gate = new();
    // A handful: as many as there are architectures.
    private static readonly Dictionary<int, Compiler> compilers = [];

    /// <summary>Oldest architecture, as ten times the compute capability.</summary>
    public const int Oldest = 75;

    /// <summary>Compiles a kernel.</summary>
    /// <param name="kernel">The kernel.</param>
    /// <param name="architecture">Ten times the compute capability of the device.</param>
    /// <exception cref="InvalidOperationException">The method does something that has no counterpart on a GPU.
    /// </exception>
    public static GpuProgram Compile(GpuKernel kernel, int architecture)
    {
        // The compiler is not made for several threads.
        lock (gate)
        {
            if (!compilers.TryGetValue(architecture, out var compiler))
                compilers[architecture] = compiler = new Compiler(architecture);
            try
            {
                return compiler.Compile(kernel);
            }
            catch (Exception e) when (e is not OutOfMemoryException)
            {
                // After an error the compiler's state cannot be trusted.
                compilers.Remove(architecture);
                compiler.Dispose();
                var cause = e;
                while (cause.InnerException is { } inner) cause = inner;
                throw new InvalidOperationException(
                    $"{kernel.Method.DeclaringType?.Name}.{kernel.Method.Name} cannot be compiled for a GPU: "
                    + cause.Message, e);
            }
        }
    }

    private sealed class Compiler : IDisposable
    {
        private readonly Context context;
        private readonly PTXBackend backend;
        private readonly int architecture;

        public Compiler(int architecture)
        {
            this.architecture = architecture;
            context = Context.Create(builder =>
                builder.DefaultCPU().EnableAlgorithms().Optimize(OptimizationLevel.O2));
            backend = new PTXBackend(context, new CudaArchitecture(architecture / 10, architecture % 10),
                Instructions(architecture), null!);
        }

        public GpuProgram Compile(GpuKernel kernel)
        {
            var compiled = (PTXCompiledKernel)backend.Compile(
                EntryPointDescription.FromExplicitlyGroupedKernel(kernel.Method),
                new KernelSpecialization(kernel.Threads, null));
            return new GpuProgram(compiled.Name, GpuText.Correct(compiled.PTXAssembly, architecture));
        }

        // The oldest version of the language that knows the architecture: any driver that knows the device reads it.
        private static CudaInstructionSet Instructions(int architecture) => architecture switch
        {
            < 86 => CudaInstructionSet.ISA_70,
            < 87 => CudaInstructionSet.ISA_71,
            < 89 => CudaInstructionSet.ISA_74,
            _ => CudaInstructionSet.ISA_78,
        };

        public void Dispose()
        {
            backend.Dispose();
            context.Dispose();
        }
    }
}
