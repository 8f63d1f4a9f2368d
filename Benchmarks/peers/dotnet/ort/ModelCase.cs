using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace Diffract.Peers;

/// <summary>One run of a model; its check is the root mean square of what comes out.</summary>
internal sealed class ModelCase : IPeerCase
{
    private readonly InferenceSession session;
    private readonly List<NamedOnnxValue> inputs = [];

    public ModelCase(string path)
    {
        using var options = new SessionOptions
        {
            IntraOpNumThreads = Worker.Threads,
            InterOpNumThreads = 1,
            ExecutionMode = ExecutionMode.ORT_SEQUENTIAL,
            GraphOptimizationLevel = GraphOptimizationLevel.ORT_ENABLE_ALL,
        };
        session = new InferenceSession(path, options);
        foreach (var (name, meta) in session.InputMetadata)
        {
            var tensor = new DenseTensor<float>(meta.Dimensions);
            if (name == "t") tensor.Fill(500);
            else Numbers.FillData(tensor.Buffer.Span, name);
            inputs.Add(NamedOnnxValue.CreateFromTensor(name, tensor));
        }
    }

    public double[] Check()
    {
        using var outputs = session.Run(inputs);
        var (squares, count) = (0.0, 0);
        foreach (var value in outputs[0].AsEnumerable<float>())
        {
            squares += (double)value * value;
            count++;
        }
        return [Math.Sqrt(squares / count)];
    }

    public void Run() => session.Run(inputs).Dispose();

    public void Dispose() => session.Dispose();
}
