using Diffract.Cli;
using Diffract.Tasks;

return await Application.RunAsync(args, Terminal.OfProcess());
