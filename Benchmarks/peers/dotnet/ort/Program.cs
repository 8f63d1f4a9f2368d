// ONNX Runtime's worker over a folder of exported models (pytorch/export_onnx.py).
using System.Text.Json.Nodes;
using Diffract.Peers;
using Microsoft.ML.OnnxRuntime;

var info = new JsonObject
{
    ["peer"] = "onnxruntime",
    ["version"] = OrtEnv.Instance().GetVersionString(),
    ["threads"] = Worker.Threads,
};
using var worker = new Worker(info, name =>
{
    var path = Path.Combine(args[0], name, "model.onnx");
    return File.Exists(path) ? new ModelCase(path) : null;
});
worker.Run();
